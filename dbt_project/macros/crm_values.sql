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


{% macro id_text(value, types={}) -%}
    {#- A whole number that was loaded as a fraction ('100.0') must still join with '100'. NaN stands
        for a missing id, and what has more than 38 digits is no id. -#}
    {%- set text = as_text(value) -%}
    {%- if _is_type(value, ['whole'], types) == 'true' -%}
        {{ return(text) }}
    {%- endif -%}
    nullif(case
        when not {{ _is_type(value, ['numeric', 'double', 'real'], types) }} then {{ text }}
        when
            {{ matches(text, '^-?[0-9]+([.][0-9]+)?([eE][+-]?([0-2]?[0-9]|3[0-7]))?$') }}
            and length(split_part({{ text }}, '.', 1)) <= 38
            then {{ as_text('cast(' ~ text ~ ' as numeric(38, 0))') }}
    end, '')
{%- endmacro %}


{% macro money(value, types={}) -%}
    {{ number(value, 2, types) }}
{%- endmacro %}


{% macro currency_code(text) -%}
    {#- Nearly every currency is written as a code, which needs no cleaning. -#}
    case
        when {{ matches(text, '^[A-Z]+$') }} then {{ text }}
        else {{ clean_text(upper_latin(text)) }}
    end
{%- endmacro %}


{% macro present_currency(code) -%}
    {%- set codes = var('currency_codes') -%}
    {%- if codes is not mapping -%}
        {{ exceptions.raise_compiler_error(
            "The var currency_codes is '" ~ codes ~ "', but it maps old codes to present ones. Set it"
            ~ " to a mapping such as {RUR: RUB}, or to {}, in dbt_project.yml or by --vars."
        ) }}
    {%- endif -%}
    {%- if codes -%}
    case {{ code }}
        {% for old, new in codes.items() -%}
            when '{{ old | upper }}' then '{{ new | upper }}'
        {% endfor -%}
        else {{ code }}
    end
    {%- else -%}
    {{ code }}
    {%- endif -%}
{%- endmacro %}


{% macro number(value, scale, types={}) -%}
    {%- set is_exact = _is_type(value, ['numeric', 'whole'], types) -%}
    {#- The outer cast restores the precision, which a case loses on PostgreSQL. -#}
    cast({{ _exact_number(value, scale, types) if is_exact == 'true'
        else _number_of_any_type(value, scale, is_exact, types) }} as numeric(18, {{ scale }}))
{%- endmacro %}


{% macro _number_of_any_type(value, scale, is_exact, types) -%}
    {#- The number is read as text, because engines round a binary fraction differently. Length and
        exponent are limited, so that PostgreSQL's cast to numeric cannot overflow. -#}
    {%- set text = number_text(value, types) -%}
    {#- Without the inner case the planner would try the cast on a constant of another type. -#}
    {%- set exact = as_text("case when " ~ is_exact ~ " then " ~ value ~ " end") -%}
    case
        when {{ is_exact }} then {{ _numeric_or_null(exact, scale) }}
        when
            length({{ text }}) <= 1000
            and {{ matches(text, '^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,2})?$') }}
            then {{ _numeric_or_null(text, scale) }}
    end
{%- endmacro %}


{% macro number_text(value, types={}) -%}
    nullif(trim(both ' ' from {{ _plain_text(value, types) }}), '')
{%- endmacro %}


{% macro _plain_text(value, types={}) -%}
    {{ return(adapter.dispatch('_plain_text', 'metrica_crm')(value, types)) }}
{%- endmacro %}

{% macro default___plain_text(value, types={}) -%}
    {{ _unsupported_adapter('_plain_text') }}
{%- endmacro %}

{% macro postgres___plain_text(value, types={}) -%}
    {#- The text of the type money has the database's currency and separators. -#}
    {%- set is_money = _is_type(value, ['money'], types) -%}
    {%- if is_money == 'false' -%}
        cast({{ value }} as text)
    {%- else -%}
        coalesce(
            cast(cast(case when {{ is_money }} then {{ value }} end as numeric) as text),
            cast({{ value }} as text)
        )
    {%- endif -%}
{%- endmacro %}

{% macro duckdb___plain_text(value, types={}) -%}
    cast({{ value }} as text)
{%- endmacro %}

{% macro spark___plain_text(value, types={}) -%}
    cast({{ value }} as string)
{%- endmacro %}


{% macro _exact_number(value, scale, types) -%}
    {{ return(adapter.dispatch('_exact_number', 'metrica_crm')(value, scale, types)) }}
{%- endmacro %}

{% macro default___exact_number(value, scale, types) -%}
    {{ _unsupported_adapter('_exact_number') }}
{%- endmacro %}

{% macro postgres___exact_number(value, scale, types) -%}
    {%- set precision = modules.re.fullmatch('numeric[(]([0-9]+),([0-9]+)[)]', types[value]) -%}
    {%- if types[value] in ['smallint', 'integer'] and scale < 8 -%}
        {{ value }}
    {%- elif precision and 0 <= precision[1] | int - precision[2] | int < 18 - scale -%}
        nullif({{ value }}, 'NaN')
    {%- else -%}
        {{ _numeric_or_null(value, scale) }}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb___exact_number(value, scale, types) -%}
    try_cast({{ value }} as numeric(18, {{ scale }}))
{%- endmacro %}

{% macro spark___exact_number(value, scale, types) -%}
    try_cast({{ value }} as numeric(18, {{ scale }}))
{%- endmacro %}


{% macro _numeric_or_null(text, scale) -%}
    {{ return(adapter.dispatch('_numeric_or_null', 'metrica_crm')(text, scale)) }}
{%- endmacro %}

{% macro default___numeric_or_null(text, scale) -%}
    {{ _unsupported_adapter('_numeric_or_null') }}
{%- endmacro %}

{% macro postgres___numeric_or_null(text, scale) -%}
    case
        when abs(round(cast({{ text }} as numeric), {{ scale }})) < 1e{{ 18 - scale }}
            then cast({{ text }} as numeric(18, {{ scale }}))
    end
{%- endmacro %}

{% macro duckdb___numeric_or_null(text, scale) -%}
    {#- DuckDB reads '5e-16' as 0.01 and '1.5e16' overflows, so a number with an exponent is read as
        a double, whose text has no exponent in this range. -#}
    {%- set double = "try_cast(" ~ text ~ " as double)" -%}
    case
        when not {{ matches(text, '[eE]') }} then try_cast({{ text }} as numeric(18, {{ scale }}))
        when abs({{ double }}) < 1e-4 then cast(0 as numeric(18, {{ scale }}))
        when abs({{ double }}) < 1e{{ 18 - scale }}
            then try_cast(cast({{ double }} as text) as numeric(18, {{ scale }}))
    end
{%- endmacro %}

{% macro spark___numeric_or_null(text, scale) -%}
    {#- Numbers with an exponent are read as on DuckDB, so that every engine has the same digits. -#}
    {%- set double = "try_cast(" ~ text ~ " as double)" -%}
    case
        when not {{ matches(text, '[eE]') }} then try_cast({{ text }} as numeric(18, {{ scale }}))
        when abs({{ double }}) < 1e-4 then cast(0 as numeric(18, {{ scale }}))
        else try_cast(cast({{ double }} as string) as numeric(18, {{ scale }}))
    end
{%- endmacro %}


{% macro product_name(product_id) -%}
    {#- The length is a condition of its own: a repetition of 1 to 255 is slow on PostgreSQL. -#}
    case
        when
            length({{ product_id }}) <= 255
            and {{ matches(product_id, '^[A-Za-z0-9_-]+$') }}
            and not ({{ product_id }} like 'md5-%' and length({{ product_id }}) = 36)
            then {{ product_id }}
        else 'md5-' || md5({{ product_id }})
    end
{%- endmacro %}


{% macro if_sent(kind, form, value) -%}
    {%- set forms = var('identifiers') -%}
    {%- if forms is not mapping -%}
        {{ exceptions.raise_compiler_error(
            "The var identifiers is '" ~ forms ~ "', but each kind has a form of its own. Set it to a"
            ~ " mapping such as {emails: plain, phones: md5} in dbt_project.yml or by --vars."
        ) }}
    {%- endif -%}
    {%- set wanted = forms.get(kind) -%}
    {%- if wanted not in ['plain', 'md5', 'both'] -%}
        {{ exceptions.raise_compiler_error(
            "The var identifiers has '" ~ wanted ~ "' for " ~ kind
            ~ ". Set it to plain, md5 or both in dbt_project.yml or by --vars."
        ) }}
    {%- endif -%}
    {{ value if wanted in [form, 'both'] else as_text('null') }}
{%- endmacro %}
