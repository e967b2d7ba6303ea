{% macro raw_table(source_name, table) -%}
    {#- A table that the loader lacks has no columns and no rows. -#}
    {%- if not has_raw_table(table) -%}
        {{ return({'rows': '(select 1 as missing where false) as missing', 'columns': {}, 'types': {}}) }}
    {%- endif -%}
    {%- set relation = source(source_name, table) -%}
    {%- set columns, types = {}, {} -%}
    {%- for column, type in _types_of(relation).items() -%}
        {%- set quoted = adapter.quote(column) -%}
        {%- do columns.update({_folded_name(column): quoted}) -%}
        {%- do types.update({quoted: type}) -%}
    {%- endfor -%}
    {{ return({'rows': relation, 'columns': columns, 'types': types}) }}
{%- endmacro %}


{% macro has_raw_table(table) -%}
    {%- set names = var('crm_raw_tables') -%}
    {%- set tables = _raw_tables() -%}
    {%- if names is not mapping or names.keys() | reject('in', tables) | list -%}
        {{ exceptions.raise_compiler_error(
            "The var crm_raw_tables is '" ~ names ~ "'. Set it in dbt_project.yml or by --vars to a"
            ~ " mapping of tables (" ~ tables | join(", ") ~ ") to their names in your warehouse, or to"
            ~ " null for a table that your loader lacks."
        ) }}
    {%- endif -%}
    {{ return(names.get(table, table if tables.get(table) else none) is not none) }}
{%- endmacro %}


{% macro _raw_tables() -%}
    {#- Whether a loader has the table unless the var says otherwise. -#}
    {{ return({
        'bitrix24': {
            'crm_deal': true, 'crm_contact': true, 'crm_company': true, 'crm_lead': true,
            'crm_deal_contact': true, 'crm_deal_productrows': true, 'crm_stagehistory': true,
            'crm_status': true, 'crm_deal_ids': false, 'crm_contact_ids': false,
        },
        'amocrm': {
            'leads': true, 'contacts': true, 'companies': true, 'pipelines': true, 'events': true,
            'catalog_elements': false,
        },
        'retailcrm': {
            'orders': true, 'customers': true, 'customers_corporate': true, 'orders_history': true,
            'customers_history': true, 'statuses': true,
        },
        'hubspot': {
            'deal': true, 'contact': true, 'company': true, 'deal_contact': true,
            'deal_company': true, 'deal_stage': true, 'deal_pipeline_stage': true,
            'merged_deal': true, 'line_item': true, 'line_item_deal': true,
        },
    }.get(var('crm'), {})) }}
{%- endmacro %}


{% macro _folded_name(name) -%}
    {#- Loaders write `createdAt`, `created_at` and `CREATED_AT` for the same field. -#}
    {{ return(name | lower | replace('_', '') | replace('-', '') | replace(' ', '')) }}
{%- endmacro %}


{% macro raw_column(raw) -%}
    {%- for name in varargs if _folded_name(name) in raw.columns -%}
        {{ return(raw.columns[_folded_name(name)]) }}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}


{% macro raw_text(raw, name) -%}
    {%- set column = raw_column(raw, name, *varargs) -%}
    {%- set type = raw.types.get(column, 'text') -%}
    {%- if column is none -%}
        {{ as_text('null') }}
    {%- elif type.startswith(('json', 'struct', 'array', 'map')) or type.endswith(']') -%}
        {{ raw_cell(raw, name, *varargs) }}
    {%- else -%}
        nullif(trim(both ' ' from {{ as_text(column) }}), '')
    {%- endif -%}
{%- endmacro %}


{% macro raw_cell(raw, name) -%}
    {%- set column = raw_column(raw, name, *varargs) -%}
    {%- if column is none -%}
        {{ as_text('null') }}
    {%- else -%}
        nullif(trim(both ' ' from {{ cell_text(column, raw.types) }}), '')
    {%- endif -%}
{%- endmacro %}


{% macro raw_id(raw, name) -%}
    {#- A reference to nothing is NULL, empty or 0. -#}
    {%- set column = raw_column(raw, name, *varargs) -%}
    {%- if column is none -%}
        {{ as_text('null') }}
    {%- else -%}
        nullif(trim(both ' ' from {{ id_text(column, raw.types) }}), '0')
    {%- endif -%}
{%- endmacro %}


{% macro raw_amount(raw, name) -%}
    {#- A CRM writes 0 into an amount that nobody filled in. -#}
    {%- set text = raw_text(raw, name, *varargs) -%}
    case when not {{ matches(text, '^[+-]?0*[.]?0*$') }} then {{ text }} end
{%- endmacro %}


{% macro raw_flag(raw) -%}
    {%- set flags = [] -%}
    {%- for name in varargs if raw_column(raw, name) is not none -%}
        {%- do flags.append(
            fold_case(raw_text(raw, name)) ~ " in ('true', 't', '1', 'y', 'yes')"
        ) -%}
    {%- endfor -%}
    coalesce({{ flags | join(' or ') or 'false' }}, false)
{%- endmacro %}


{% macro raw_time(raw, name) -%}
    {%- set column = raw_column(raw, name, *varargs) -%}
    {%- set type = raw.types.get(column, '') -%}
    {%- if column is none -%}
        {{ as_instant('null') }}
    {%- elif type.startswith('timestamp') or type == 'date' -%}
        {{ instant(column, raw.types) }}
    {%- else -%}
        {{ time_of_text(raw_text(raw, name, *varargs)) }}
    {%- endif -%}
{%- endmacro %}


{% macro raw_is_missing(id, ids) -%}
    {#- An empty list is a load that failed. -#}
    {%- set column = raw_id(ids, 'ID') -%}
    (
        exists (select 1 from {{ ids.rows }})
        and {{ id }} not in (select {{ column }} from {{ ids.rows }} where {{ column }} is not null)
    )
{%- endmacro %}


{% macro raw_json(raw, name) -%}
    {#- PostgreSQL checks a `jsonb` when it is loaded. -#}
    {%- set text = raw_text(raw, name) -%}
    {%- if raw.types.get(raw_column(raw, name)) == 'jsonb' or raw_column(raw, name) is none -%}
        {{ text }}
    {%- else -%}
        case when {{ is_json(text) }} then {{ text }} end
    {%- endif -%}
{%- endmacro %}


{% macro raw_json_is_readable(raw) -%}
    {%- set conditions = [] -%}
    {%- for name in varargs if raw_column(raw, name) is not none -%}
        {%- do conditions.append(
            "(" ~ raw_text(raw, name) ~ " is null or " ~ raw_json(raw, name) ~ " is not null)"
        ) -%}
    {%- endfor -%}
    {{ conditions | join(' and ') or 'true' }}
{%- endmacro %}


{% macro raw_client_ids(raw) -%}
    {%- set names = client_id_names() -%}
    {%- set found = [] -%}
    {%- for folded in raw.columns -%}
        {%- if modules.re.sub('^(ufcrm|property|properties)', '', folded) in names -%}
            {%- do found.append(raw_cell(raw, folded)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if found -%}
        nullif(concat_ws(',', {{ found | join(', ') }}), '')
    {%- else -%}
        {{ as_text('null') }}
    {%- endif -%}
{%- endmacro %}


{% macro client_id_names() -%}
    {%- set names = [] -%}
    {%- for name in var('client_id_fields') -%}
        {%- do names.append(
            modules.re.sub('^(ufcrm|property|properties)', '', _folded_name(name))
        ) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{% macro newest_first(raw) -%}
    {#- Loaders that append keep all versions of a row. The last loaded one is the present one. -#}
    {%- set order = [] -%}
    {%- for name in ['_airbyte_extracted_at', '_airbyte_emitted_at', '_fivetran_synced',
        '_sdc_batched_at', '_sdc_extracted_at', '_dlt_load_id', 'synced_at', 'loaded_at']
        if raw_column(raw, name) is not none -%}
        {%- do order.append(raw_column(raw, name) ~ " desc nulls last") -%}
    {%- endfor -%}
    {%- for name in varargs if raw_column(raw, name) is not none -%}
        {%- do order.append(raw_time(raw, name) ~ " desc nulls last") -%}
    {%- endfor -%}
    {{ return(order) }}
{%- endmacro %}


{% macro raw_attributes(raw, entity) -%}
    {%- if execute -%}
        {%- for column in _attributes_of_crm(entity) if _is_raw_field(column.source, entity) -%}
            {%- set names = [column.source, 'UF_CRM_' ~ column.source, 'property_' ~ column.source,
                'properties_' ~ column.source] -%}
            {%- if raw.columns and raw_column(raw, *names) is none
                and var('crm') in ['bitrix24', 'hubspot'] -%}
                {#- In the other CRMs a field may be in JSON; see warn_of_empty_attributes. -#}
                {%- do _raise_unknown_column(column, raw.rows, raw.columns.values()) -%}
            {%- endif -%}
            {%- if column.type == 'timestamp' -%}
                {{ raw_time(raw, *names) }} as {{ column.cell }},
            {%- else -%}
                {{ raw_text(raw, *names) }} as {{ column.cell }},
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{% macro folded_name(name) -%}
    {{ replaced(fold_case(name), '[_ -]', '') }}
{%- endmacro %}
