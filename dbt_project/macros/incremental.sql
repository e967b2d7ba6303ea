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
                coalesce(max(updated_at), cast('-infinity' as timestamp with time zone)),
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
    {#- A literal: deleting rows must not move the start. An identifier of an unknown contact has no
        row in the mart, so its time must not count here. -#}
    {%- set found = run_query(
        "select cast(least(coalesce(max(updated_at), cast('-infinity' as timestamp with time zone)),"
        ~ " current_timestamp) - interval '" ~ incremental_lookback() ~ "' as text) from " ~ this.render()
        ~ " where contact_id in (select contact_id from "
        ~ ref('metrica_crm', 'stg_crm__contacts').render() ~ ")"
    ) -%}
    cast('{{ found.rows[0][0] }}' as timestamp with time zone)
{%- endmacro %}
