{% macro attributes(entity, table=none, types={}) -%}
    {%- if execute -%}
        {%- for column in _attributes_of_crm(entity) -%}
            {%- if not table -%}
                {%- do _require_attribute_column(column, entity, types.keys()) -%}
            {%- endif -%}
            {{ table ~ '.' ~ column.name if table else _crm_attribute(column, types) ~ ' as ' ~ column.name }},
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{% macro declare_attributes() -%}
    {#- dbt checks a contract against the columns of the model's YAML, which cannot name those of a
        var. `model` is a copy for one rendering, so both the query and a hook declare them. -#}
    {%- if execute -%}
        {%- for column in _attributes_of_crm(model.config.meta.metrica.entity) -%}
            {%- do model.columns.update({column.name: {
                'name': column.name,
                'data_type': column.type,
                'description': column.humanized,
                'constraints': [],
                'quote': none,
                'meta': {},
                'config': {'meta': {}},
            }}) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{% macro _attributes_of_crm(entity) -%}
    {%- set found = [] -%}
    {#- In a unit test the graph is empty, so the fixtures need no columns of a team. -#}
    {%- if graph.get('nodes') and entity in ['contacts', 'orders'] -%}
        {%- do _require_attributes() -%}
        {%- for attribute in (var('metrica_attributes') or {}).get(entity) or [] -%}
            {%- set source = attribute.column or attribute.name -%}
            {%- do found.append({
                'name': attribute.name,
                'source': source,
                'cell': 'attribute_' ~ attribute.name if _is_raw_field(source, entity) else source | lower,
                'type': _mart_types().get(attribute.type) or 'numeric(18,' ~ attribute.scale ~ ')',
                'humanized': attribute.humanized or attribute.name,
            }) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}


{% macro _is_raw_field(name, entity) -%}
    {#- A mapping gives a field of the raw tables a name of its own, since it may be no SQL name, or
        one that the mapping uses itself. -#}
    {{ return(
        var('crm') != 'generic' and entity not in var('crm_tables') and not _is_crm_column(name)
    ) }}
{%- endmacro %}


{% macro _mart_types() -%}
    {{ return({'text': 'text', 'email': 'text', 'date': 'date', 'datetime': 'timestamp'}) }}
{%- endmacro %}


{% macro _crm_attribute(column, types) -%}
    {%- if column.type == 'timestamp' -%}
        {{ counter_time(instant(column.cell, types)) }}
    {%- elif column.type == 'date' -%}
        {{ day(column.cell, types) }}
    {%- elif column.type == 'text' -%}
        {{ clean_text(as_text(column.cell)) }}
    {%- else -%}
        {%- set scale = modules.re.sub('.*,|[^0-9]', '', column.type) | int -%}
        {{ number(column.cell, scale, types) }}
    {%- endif -%}
{%- endmacro %}


{% macro _require_attribute_column(column, entity, found) -%}
    {#- Nothing is found in a table that does not exist yet, as `dbt compile` may see it. -#}
    {%- if found and column.cell not in found -%}
        {%- do _raise_unknown_column(column, crm_table(entity), found) -%}
    {%- endif -%}
{%- endmacro %}


{% macro _raise_unknown_column(column, table, found) -%}
    {{ exceptions.raise_compiler_error(
        "The CRM's table " ~ table ~ " has no column " ~ column.source ~ ", which the attribute "
        ~ column.name ~ " of the var metrica_attributes reads. Correct `column` in dbt_project.yml or"
        ~ " --vars. The columns are " ~ found | sort | join(", ") ~ "."
    ) }}
{%- endmacro %}


{% macro warn_of_empty_attributes(entity) -%}
    {#- A post-hook, since only the values of fields in JSON tell whether a field exists. -#}
    {%- set counts = [] -%}
    {%- set columns = [] -%}
    {%- for column in _attributes_of_crm(entity) if _is_raw_field(column.source, entity) -%}
        {%- do columns.append(column) -%}
        {%- do counts.append("count(" ~ column.cell ~ ")") -%}
    {%- endfor -%}
    {%- if execute and counts -%}
        {%- set filled = run_query("select count(*), " ~ counts | join(", ") ~ " from " ~ this).rows[0] -%}
        {%- for column in columns -%}
            {%- if filled[0] and not filled[loop.index] -%}
                {%- do exceptions.warn(
                    "None of " ~ filled[0] ~ " " ~ entity ~ " has a value of the field " ~ column.source
                    ~ ", which the attribute " ~ column.name ~ " of the var metrica_attributes reads."
                    ~ " Check `column` in dbt_project.yml or --vars."
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
