{% macro require_times(table, columns) -%}
    {%- if execute -%}
        {%- set attributes = _attributes_of_crm(table) | selectattr('type', 'equalto', 'timestamp') -%}
        {%- set columns = columns + attributes | map(attribute='cell') | list -%}
        {%- set types = crm_types(table) -%}
        {%- set others = [] -%}
        {%- for column in columns -%}
            {%- set type = types[column | lower] -%}
            {%- if type and not modules.re.fullmatch("date|timestamp.*", type) -%}
                {%- do others.append(table ~ "." ~ column ~ " (" ~ type ~ ")") -%}
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
