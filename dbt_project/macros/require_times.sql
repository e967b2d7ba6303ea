{% macro require_times(table, columns) -%}
    {%- if execute -%}
        {%- set attributes = _attributes_of_crm(table) | selectattr('type', 'equalto', 'timestamp') -%}
        {%- set columns = columns + attributes | map(attribute='source') | list -%}
        {%- set types = [] -%}
        {%- for column in columns -%}
            {%- do types.append(_type_name("cells." ~ column) ~ " as " ~ column) -%}
        {%- endfor -%}
        {#- One row of NULLs with the columns' types, even for an empty table. -#}
        {%- set found = run_query(
            "select " ~ types | join(", ") ~ " from (select 1) as one left join "
            ~ source('metrica_crm', table).render() ~ " as cells on false"
        ).rows[0] -%}
        {%- set others = [] -%}
        {%- for column in columns -%}
            {%- if not modules.re.fullmatch("date|timestamp.*", found[column]) -%}
                {%- do others.append(table ~ "." ~ column ~ " (" ~ found[column] ~ ")") -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if others -%}
            {{ exceptions.raise_compiler_error(
                "The CRM's " ~ others | join(", ") ~ " should be a time: timestamptz, timestamp"
                ~ " or date. Cast it to timestamptz in your view over the CRM and run dbt build"
                ~ " again."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
