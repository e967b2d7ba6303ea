{% macro _require_attributes() -%}
    {#- Of all attributes in the var, so that one message has all problems. -#}
    {%- set entities = var('metrica_attributes') or {} -%}
    {%- set problems = [] -%}
    {%- if entities is not mapping -%}
        {%- do problems.append("It is no mapping of contacts and orders to lists of attributes.") -%}
    {%- else -%}
        {%- for entity, attributes in entities.items() -%}
            {%- if entity not in ['contacts', 'orders'] -%}
                {%- do problems.append(
                    entity ~ ": Metrica accepts attributes of contacts and orders only. Remove it."
                ) -%}
            {%- elif attributes is not none
                and (attributes is not sequence or attributes is string or attributes is mapping) -%}
                {%- do problems.append(entity ~ " is no list. Write one `- {name: …, type: …}` a line.") -%}
            {%- else -%}
                {%- set names = [] -%}
                {%- for attribute in attributes or [] -%}
                    {%- set problem = _attribute_problem(attribute, entity, names) | trim -%}
                    {%- if problem -%}
                        {%- do problems.append(
                            entity ~ "." ~ (attribute.name or loop.index) ~ " " ~ problem
                        ) -%}
                    {%- else -%}
                        {%- do names.append(attribute.name) -%}
                    {%- endif -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if problems -%}
        {{ exceptions.raise_compiler_error(
            "The var metrica_attributes has attributes that Metrica or the marts cannot take. Correct"
            ~ " them in dbt_project.yml or --vars:\n" ~ problems | join("\n")
        ) }}
    {%- endif -%}
{%- endmacro %}


{% macro _attribute_problem(attribute, entity, names) -%}
    {%- set keys = ['name', 'column', 'type', 'scale', 'humanized', 'multivalued'] -%}
    {%- set types = _mart_types().keys() | list + ['numeric'] -%}
    {%- set name = attribute.name | string if attribute is mapping else '' -%}
    {%- if attribute is not mapping -%}
        is no mapping. Write it as `{name: …, type: …}`.
    {%- elif attribute.keys() | reject('in', keys) | list -%}
        {{ "has the unknown key " ~ attribute.keys() | reject('in', keys) | join(", ")
            ~ ". The keys are " ~ keys | join(", ") ~ "." }}
    {%- elif not modules.re.fullmatch('[a-z][a-z0-9_]{0,50}', name) -%}
        needs a `name` of a to z, 0 to 9 and _ that begins with a letter and has 51 characters at most.
    {%- elif name in names -%}
        is there twice. Remove or rename one.
    {%- elif attribute.type not in types -%}
        {{ "has the type '" ~ (attribute.type or "") ~ "'. Set `type` to " ~ types | join(", ") ~ "." }}
    {%- elif attribute.type == 'numeric'
        and not modules.re.fullmatch('[0-9]|1[0-7]', attribute.scale | string) -%}
        {{ "is numeric and needs `scale`, the digits after the point that are sent: 0 for whole numbers,"
            ~ " at most 17." }}
    {%- elif attribute.type != 'numeric' and 'scale' in attribute -%}
        {{ "has a `scale`, which only numeric attributes have. Remove it." }}
    {%- elif attribute.multivalued is not boolean and attribute.multivalued -%}
        {{ "has multivalued '" ~ attribute.multivalued ~ "'. Set it to true or false, without quotes." }}
    {%- elif attribute.humanized and attribute.humanized is not string -%}
        {{ "has humanized " ~ attribute.humanized ~ ", which is no text. Write it in quotes." }}
    {%- elif not modules.re.fullmatch(
        _column_pattern(entity), attribute.get('column', name) | string
    ) -%}
        {{ "has the column '" ~ attribute.column ~ "', which is no name of a column. Correct `column`." }}
    {%- elif _is_crm_column(name) or name in ['row_hash', 'status_path', 'items_count',
        'identifiers_count', 'order_status'] -%}
        has a name that the models use. Rename it, and keep `column`.
    {%- else -%}
        {{ _column_problem(name, attribute, entity, _metrica_columns()[entity]) }}
    {%- endif -%}
{%- endmacro %}


{% macro _column_pattern(entity) -%}
    {#- Fields of raw tables have names for people, which become texts in the SQL. -#}
    {%- set is_raw = var('crm') != 'generic' and entity not in var('crm_tables') -%}
    {{ return('[^\'"\\\\{}\n]+' if is_raw else '[^\\W\\d]\\w*') }}
{%- endmacro %}
