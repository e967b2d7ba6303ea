{% macro _time_zone(variable) -%}
    {#- PostgreSQL reads UTC+3 with the opposite sign, and engines differ on EET and MSK. -#}
    {%- set zone = var(variable) | string -%}
    {%- set areas = ['Africa', 'America', 'Antarctica', 'Arctic', 'Asia', 'Atlantic', 'Australia',
        'Europe', 'Indian', 'Pacific'] -%}
    {%- if zone != 'UTC' and not (
        zone.split('/')[0] in areas and zone in modules.pytz.all_timezones
    ) -%}
        {{ exceptions.raise_compiler_error(
            "The var " ~ variable ~ " is '" ~ zone ~ "', which is not a time zone of the form"
            ~ " Area/City. Set it to an IANA name such as Europe/Moscow or Asia/Yekaterinburg, or to"
            ~ " UTC, in dbt_project.yml or by --vars."
        ) }}
    {%- endif -%}
    '{{ zone }}'
{%- endmacro %}


{% macro instant(value, types={}) -%}
    {#- After an infinite time a watermark would never move, and no format can write it. -#}
    nullif(nullif(case
        when {{ _is_type(value, ['instant'], types) }}
            then cast({{ value }} as timestamp with time zone)
        else cast({{ value }} as timestamp) at time zone {{ _time_zone('crm_time_zone') }}
    end, 'infinity'), '-infinity')
{%- endmacro %}


{% macro day(value, types={}) -%}
    nullif(nullif(case
        when {{ _is_type(value, ['instant'], types) }}
            then cast({{ instant(value, types) }} at time zone {{ _time_zone('crm_time_zone') }} as date)
        when {{ _is_type(value, ['date', 'timestamp'], types) }} then cast({{ value }} as date)
        else {{ _day_of_text(day_text(value)) }}
    end, 'infinity'), '-infinity')
{%- endmacro %}


{% macro _day_of_text(text) -%}
    {#- Days are added to the first of the month, because make_date() fails on an invalid day. -#}
    {%- set month = "cast(substr(" ~ text ~ ", 6, 2) as integer)" -%}
    {%- set date = "make_date(cast(left(" ~ text ~ ", 4) as integer), " ~ month ~ ", 1)"
        ~ " + (cast(substr(" ~ text ~ ", 9, 2) as integer) - 1)" -%}
    case
        when {{ matches(text, '^[12][0-9]{3}-(0[1-9]|1[0-2])-[0-3][0-9]([ T]|$)') }}
            then case when extract(month from {{ date }}) = {{ month }} then {{ date }} end
    end
{%- endmacro %}


{% macro time_of_text(text) -%}
    {%- set clock = '[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?' -%}
    case
        when {{ matches(text, '^[0-9]{9,10}([.]0+)?$') }}
            then to_timestamp(cast(split_part({{ text }}, '.', 1) as bigint))
        when {{ matches(text, '^[0-9]{12,13}$') }}
            then to_timestamp(cast({{ text }} as double precision) / 1000)
        when {{ _day_of_text(text) }} is null then null
        when {{ matches(text, '^.{10}' ~ clock ~ '(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)$') }}
            then cast({{ text }} as timestamp with time zone)
        when {{ matches(text, '^.{10}(' ~ clock ~ ')?$') }}
            then cast({{ text }} as timestamp) at time zone {{ _time_zone('crm_time_zone') }}
    end
{%- endmacro %}


{% macro day_text(value) -%}
    nullif(trim(both ' ' from cast({{ value }} as text)), '')
{%- endmacro %}


{% macro counter_time(value) -%}
    date_trunc('second', {{ value }} at time zone {{ _time_zone('counter_time_zone') }})
{%- endmacro %}


{% macro counter_now() -%}
    {{ counter_time('current_timestamp') }}
{%- endmacro %}
