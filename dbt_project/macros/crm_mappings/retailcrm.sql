{% macro retailcrm_client_ids(custom_fields) -%}
    {%- set found = [] -%}
    {%- for name in var('client_id_fields') -%}
        {%- do found.append(json_text(custom_fields, name)) -%}
    {%- endfor -%}
    nullif(concat_ws(',', {{ found | join(', ') }}), '')
{%- endmacro %}


{% macro retailcrm_code(value) -%}
    {#- A status in the history is an object with a code, or the code itself. -#}
    case
        when {{ matches(value, '^[{]') }} then
            case when {{ is_json(value) }} then {{ json_text(value, 'code') }} end
        else nullif(trim(both '"' from {{ value }}), '')
    end
{%- endmacro %}


{% macro retailcrm_attributes(entity, table) -%}
    {#- A column of the table, a custom field, or a UTM mark of the order's source. -#}
    {%- if execute -%}
        {%- for column in _attributes_of_crm(entity) if _is_raw_field(column.source, entity) -%}
            {%- set values = [
                table ~ "." ~ column.cell if column.type == 'timestamp'
                else as_text(table ~ "." ~ column.cell)
            ] -%}
            {%- set texts = [json_text(table ~ ".custom_fields", column.source)] -%}
            {%- if entity == 'orders' and column.source.startswith('utm_') -%}
                {%- do texts.append(json_text(table ~ ".source", column.source[4:])) -%}
            {%- endif -%}
            {%- for text in texts -%}
                {%- do values.append(time_of_text(text) if column.type == 'timestamp' else text) -%}
            {%- endfor -%}
            coalesce({{ values | join(', ') }}) as {{ column.cell }},
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
