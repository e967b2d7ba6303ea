{% macro incremental_lookback() -%}
    {%- set lookback = var('incremental_lookback') | string -%}
    {%- if not modules.re.fullmatch('[0-9]+ (minute|hour|day|week)s?', lookback) -%}
        {{ exceptions.raise_compiler_error(
            "The var incremental_lookback is '" ~ lookback ~ "'. Set it to a number of minutes,"
            ~ " hours, days or weeks, for example \"3 days\", in dbt_project.yml or by --vars."
        ) }}
    {%- endif -%}
    {{ return(lookback) }}
{%- endmacro %}


{% macro incremental_start() -%}
    {%- if execute -%}
        {%- set built_in = _time_zone_of_mart(_mart_name()) -%}
        {%- if built_in != var('counter_time_zone') -%}
            {{ exceptions.raise_compiler_error(
                "The rows of mart " ~ _mart_name() ~ " are in the time zone " ~ built_in ~ ", but the"
                ~ " var counter_time_zone is " ~ var('counter_time_zone') ~ ". An incremental build"
                ~ " would mix both. Run dbt build --full-refresh."
            ) }}
        {%- endif -%}
    {%- endif -%}
    {#- A row with a time in the future must not hide changes until that time. -#}
    (
        select
            least(
                coalesce(max(updated_at), {{ _earliest_instant() }}),
                current_timestamp
            ) - interval '{{ incremental_lookback() }}'
        from {{ this }}
    )
{%- endmacro %}


{% macro changed_contacts(start) -%}
    select contact_id
    from {{ ref('metrica_crm', 'stg_crm__contacts') }}
    where updated_at >= {{ start }} or updated_at is null
    union
    select contact_id
    from {{ ref('metrica_crm', 'stg_crm__contact_identifiers') }}
    where updated_at >= {{ start }}
{%- endmacro %}


{% macro delete_changed_contacts() -%}
    {#- A contact may have lost all of its identifiers, so no new row would replace the old ones. -#}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where contact_id in ({{ changed_contacts(identifiers_start()) }})
    {%- endif -%}
{%- endmacro %}


{% macro identifiers_start() -%}
    {#- A literal, because deleting rows must not move the start. It is not later than the start of
        the mart, where an identifier of an unknown contact has no row and its time does not count.
        The time of the run, because the rows that are deleted and inserted must be the same. -#}
    {%- set clocks = [this.render()] -%}
    {%- for node in graph.get('nodes', {}).values() if node.resource_type == 'model' -%}
        {%- if node.config.get('meta', {}).get('metrica', {}).get('entity') == 'contacts' -%}
            {%- set mart = load_relation(api.Relation.create(node.database, node.schema, node.alias)) -%}
            {%- do clocks.append(mart.render()) if mart is not none -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set newest = [] -%}
    {%- for clock in clocks -%}
        {%- do newest.append(
            "coalesce((select max(updated_at) from " ~ clock ~ "), " ~ _earliest_instant() ~ ")"
        ) -%}
    {%- endfor -%}
    {%- set found = run_query(
        "select " ~ as_text(
            "least(" ~ newest | join(", ") ~ ", " ~ as_instant("'" ~ run_started_at ~ "'")
            ~ ") - interval '" ~ incremental_lookback() ~ "'"
        )
    ) -%}
    {{ as_instant("'" ~ found.rows[0][0] ~ "'") }}
{%- endmacro %}
