{% macro incremental_start() -%}
    {%- set lookback = var('incremental_lookback') | string -%}
    {%- if not modules.re.fullmatch('[0-9]+ (minute|hour|day|week)s?', lookback) -%}
        {{ exceptions.raise_compiler_error(
            "The var incremental_lookback is '" ~ lookback ~ "'. Set it to a number of minutes,"
            ~ " hours, days or weeks, for example \"3 days\", in dbt_project.yml or by --vars."
        ) }}
    {%- endif -%}
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
            ) - interval '{{ lookback }}'
        from {{ this }}
    )
{%- endmacro %}
