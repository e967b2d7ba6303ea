{% macro require_metrica_columns() -%}
    {%- if execute -%}
        {%- set complaints = [] -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
            {%- set entity = node.config.get('meta', {}).get('metrica', {}).get('entity') -%}
            {%- set known = _metrica_columns().get(entity) -%}
            {%- for name, column in node.columns.items() if known -%}
                {%- set complaint = _column_complaint(
                    name | lower, column.config.get('meta', {}).get('metrica'), entity, known
                ) | trim -%}
                {%- if complaint -%}
                    {%- do complaints.append(node.name ~ "." ~ name ~ " " ~ complaint) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if complaints -%}
            {{ exceptions.raise_compiler_error(
                "Metrica could not take these columns as they are declared:\n"
                ~ complaints | sort | join("\n")
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{% macro _column_complaint(name, attribute, entity, known) -%}
    {%- set types = ['numeric', 'date', 'datetime', 'email', 'text'] -%}
    {%- if name in known.columns -%}
        {{ "is Metrica's own and no attribute; name the attribute otherwise, or drop `metrica`"
            ~ " from its meta." if attribute }}
    {%- elif name in known.reserved -%}
        has a name that Metrica uses itself; name the attribute otherwise.
    {%- elif name in ['updated_at', 'row_hash'] or (entity == 'orders' and name == 'status_path') -%}
        {#- The exporter's own, which never leaves the warehouse. -#}
    {%- elif not known.attributes -%}
        is not Metrica's own, and Metrica takes no attributes of {{ entity }}; drop it.
    {%- elif (attribute or {}).get('type') not in types -%}
        {{ "is not Metrica's own, so it is an attribute and must say `meta: {metrica: {type: "
            ~ types | join("|") ~ "}}`." }}
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
