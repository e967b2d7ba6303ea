{% macro amocrm_client_ids() -%}
    {%- set names = "('" ~ client_id_names() | join("', '") ~ "')" -%}
    {{ joined_by(
        'field_id', 'first_value', 'folded_code in ' ~ names ~ ' or folded_name in ' ~ names
    ) }}
{%- endmacro %}


{% macro amocrm_attributes(entity) -%}
    {%- if execute -%}
        {%- for column in _attributes_of_crm(entity) if _is_raw_field(column.source, entity) -%}
            {%- set name = _folded_name(column.source) -%}
            {%- set value = "max(first_value) filter (where '" ~ name ~ "' in (folded_code,"
                ~ " folded_name, 'field' || field_id))" -%}
            {{ time_of_text(value) if column.type == 'timestamp' else value }} as {{ column.cell }},
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
