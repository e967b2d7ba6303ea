{% macro require_metrica_columns() -%}
    {%- if execute -%}
        {%- do _require_attributes() -%}
        {%- set problems = [] -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
            {%- set entity = node.config.get('meta', {}).get('metrica', {}).get('entity') -%}
            {%- set format = _metrica_columns().get(entity) -%}
            {%- for name, column in node.columns.items() if format -%}
                {%- set problem = _column_problem(
                    name | lower, column.config.get('meta', {}).get('metrica'), entity, format
                ) | trim -%}
                {%- if problem -%}
                    {%- do problems.append(node.name ~ "." ~ name ~ " " ~ problem) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if problems -%}
            {{ exceptions.raise_compiler_error(
                "Metrica does not accept these columns as declared. Correct the models' YAML:\n"
                ~ problems | sort | join("\n")
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{% macro _column_problem(name, attribute, entity, format) -%}
    {%- set types = ['numeric', 'date', 'datetime', 'email', 'text'] -%}
    {%- if name in format.columns -%}
        {{ "is a column of Metrica and no attribute. Rename the attribute, or remove `metrica` from"
            ~ " its meta." if attribute }}
    {%- elif name in format.reserved -%}
        has a name that Metrica reserves. Rename the attribute.
    {%- elif name in ['updated_at', 'row_hash'] or (entity == 'orders' and name == 'status_path') -%}
        {#- Columns for the exporter, which are never sent. -#}
    {%- elif not format.attributes -%}
        is not a column of Metrica, and Metrica accepts no attributes of {{ entity }}. Remove it.
    {%- elif (attribute or {}).get('type') not in types -%}
        {{ "is not a column of Metrica, so it is an attribute without a type. Add"
            ~ " `meta: {metrica: {type: " ~ types | join("|") ~ "}}`." }}
    {%- endif -%}
{%- endmacro %}


{% macro _metrica_columns() -%}
    {%- set lists = ['client_ids', 'emails', 'phones', 'emails_md5', 'phones_md5'] -%}
    {%- set reserved = ['attribute_values', 'user_ids', 'company_uniq_id', 'user_comment'] -%}
    {{ return({
        'contacts': {
            'columns': ['uniq_id', 'name', 'create_date_time', 'update_date_time', 'birth_date']
                + lists,
            'reserved': reserved,
            'attributes': true,
        },
        'orders': {
            'columns': ['id', 'client_uniq_id', 'client_type', 'create_date_time',
                'update_date_time', 'finish_date_time', 'order_status', 'revenue', 'cost',
                'currency', 'goals', 'products'],
            'reserved': reserved + lists,
            'attributes': true,
        },
        'simple_orders': {
            'columns': ['id', 'create_date_time', 'client_uniq_id'] + lists
                + ['order_status', 'revenue', 'cost', 'goals', 'currency'],
            'reserved': reserved,
            'attributes': false,
        },
        'products': {'columns': ['name', 'humanized'], 'reserved': [], 'attributes': false},
        'order_statuses': {
            'columns': ['id', 'type', 'humanized', 'goal_action_ids'],
            'reserved': [],
            'attributes': false,
        },
    }) }}
{%- endmacro %}
