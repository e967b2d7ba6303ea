{% macro crm_types(table) -%}
    {%- set types = {} -%}
    {%- for column, type in _types_of(crm_table(table)).items() -%}
        {#- PostgreSQL takes an unquoted name for the column in lower case, if there are two. -#}
        {%- if column == column | lower or column | lower not in types -%}
            {%- do types.update({column | lower: type}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(types) }}
{%- endmacro %}


{% macro _types_of(table) -%}
    {#- In a unit test the table is a query with types of its own, which only the engine knows. -#}
    {%- if not execute or table.is_cte -%}
        {{ return({}) }}
    {%- endif -%}
    {%- set relation = api.Relation.create(table.database, table.schema, table.identifier) -%}
    {%- set columns = adapter.get_columns_in_relation(relation) -%}
    {%- set types = {} -%}
    {%- if columns -%}
        {%- set names = [] -%}
        {%- for column in columns -%}
            {%- do names.append(_type_name("cells." ~ adapter.quote(column.name))) -%}
        {%- endfor -%}
        {#- One row of NULLs with the columns' types, even for an empty table. -#}
        {%- set found = run_query(
            "select " ~ names | join(", ") ~ " from (select 1) as one left join "
            ~ relation.render() ~ " as cells on false"
        ).rows[0] -%}
        {%- for column in columns -%}
            {%- do types.update({column.name: _with_precision(found[loop.index0], column)}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(types) }}
{%- endmacro %}


{% macro _with_precision(type, column) -%}
    {#- PostgreSQL names no precision in a type's name. -#}
    {%- if type == 'numeric' and column.numeric_precision -%}
        {{ return("numeric(" ~ column.numeric_precision ~ "," ~ column.numeric_scale ~ ")") }}
    {%- endif -%}
    {{ return(type) }}
{%- endmacro %}


{% macro _without_precision(type) -%}
    {{ return(modules.re.sub('[(].*[)]$', '', type)) }}
{%- endmacro %}


{% macro _type_name(value, types={}) -%}
    {%- if value in types -%}
        {{ return("'" ~ _without_precision(types[value]) | replace("'", "''") ~ "'") }}
    {%- endif -%}
    {{ return(adapter.dispatch('_type_name', 'metrica_crm')(value)) }}
{%- endmacro %}

{% macro default___type_name(value) -%}
    {{ _unsupported_adapter('_type_name') }}
{%- endmacro %}

{% macro postgres___type_name(value) -%}
    cast(pg_typeof({{ value }}) as text)
{%- endmacro %}

{% macro duckdb___type_name(value) -%}
    lower(typeof({{ value }}))
{%- endmacro %}

{% macro spark___type_name(value) -%}
    typeof({{ value }})
{%- endmacro %}


{% macro _is_type(value, kinds, types={}) -%}
    {#- `kinds` are of numeric, double, real, whole, text, money, instant, timestamp and date. -#}
    {%- if value not in types -%}
        {{ return(adapter.dispatch('_is_type', 'metrica_crm')(value, kinds)) }}
    {%- endif -%}
    {%- set patterns = _type_patterns() -%}
    {%- for kind in kinds -%}
        {%- if modules.re.fullmatch(patterns[kind], _without_precision(types[value])) -%}
            {{ return('true') }}
        {%- endif -%}
    {%- endfor -%}
    {{ return('false') }}
{%- endmacro %}

{% macro default___is_type(value, kinds) -%}
    {{ _unsupported_adapter('_is_type') }}
{%- endmacro %}

{% macro postgres___is_type(value, kinds) -%}
    {#- PostgreSQL evaluates it for every row, and types compare faster as numbers than as names. -#}
    {%- set patterns = _type_patterns() -%}
    {%- set found = [] -%}
    {%- for kind in kinds -%}
        {%- for name in patterns[kind].split('|') -%}
            {%- do found.append("cast('" ~ name ~ "' as regtype)") -%}
        {%- endfor -%}
    {%- endfor -%}
    pg_typeof({{ value }}) in ({{ found | join(', ') }})
{%- endmacro %}

{% macro spark___is_type(value, kinds) -%}
    {{ duckdb___is_type(value, kinds) }}
{%- endmacro %}

{% macro duckdb___is_type(value, kinds) -%}
    {%- set patterns = _type_patterns() -%}
    {%- set found = [] -%}
    {%- for kind in kinds -%}
        {%- do found.append(patterns[kind]) -%}
    {%- endfor -%}
    {{ matches(_type_name(value), '^(' ~ found | join('|') ~ ')$') }}
{%- endmacro %}


{% macro _type_patterns() -%}
    {{ return(adapter.dispatch('_type_patterns', 'metrica_crm')()) }}
{%- endmacro %}

{% macro default___type_patterns() -%}
    {{ _unsupported_adapter('_type_patterns') }}
{%- endmacro %}

{% macro postgres___type_patterns() -%}
    {{ return({
        'numeric': 'numeric', 'double': 'double precision', 'real': 'real',
        'whole': 'smallint|integer|bigint', 'text': 'text|character varying', 'money': 'money',
        'instant': 'timestamp with time zone', 'timestamp': 'timestamp without time zone',
        'date': 'date',
    }) }}
{%- endmacro %}

{% macro duckdb___type_patterns() -%}
    {{ return({
        'numeric': 'decimal.*', 'double': 'double', 'real': 'float', 'whole': 'u?[a-z]*int(eger)?',
        'text': 'varchar', 'money': 'money', 'instant': 'timestamp with time zone',
        'timestamp': 'timestamp(_[a-z]*)?', 'date': 'date',
    }) }}
{%- endmacro %}

{% macro spark___type_patterns() -%}
    {{ return({
        'numeric': 'decimal.*', 'double': 'double', 'real': 'float',
        'whole': 'tinyint|smallint|int|bigint', 'text': 'string', 'money': 'money',
        'instant': 'timestamp', 'timestamp': 'timestamp_ntz', 'date': 'date',
    }) }}
{%- endmacro %}
