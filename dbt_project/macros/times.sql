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
    {%- set time -%}
    case
        when {{ _is_type(value, ['instant'], types) }}
            then {{ as_instant(value) }}
        else {{ instant_of("cast(" ~ value ~ " as " ~ sql_type('timestamp') ~ ")", _time_zone('crm_time_zone')) }}
    end
    {%- endset -%}
    {{ _finite(time) }}
{%- endmacro %}


{% macro time_of_text(text) -%}
    {%- set clock = '[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]+)?' -%}
    case
        when {{ matches(text, '^[0-9]{9,10}([.]0+)?$') }}
            then {{ _instant_of_seconds("cast(split_part(" ~ text ~ ", '.', 1) as bigint)") }}
        when {{ matches(text, '^[0-9]{12,13}$') }}
            then {{ _instant_of_milliseconds(text) }}
        when {{ _day_of_text(text) }} is null then null
        when {{ matches(text, '^.{10}' ~ clock ~ '(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)$') }}
            then {{ as_instant(text) }}
        when {{ matches(text, '^.{10}(' ~ clock ~ ')?$') }}
            then {{ instant_of(
                "cast(" ~ text ~ " as " ~ sql_type('timestamp') ~ ")", _time_zone('crm_time_zone')
            ) }}
    end
{%- endmacro %}


{% macro _instant_of_seconds(number) -%}
    {{ return(adapter.dispatch('_instant_of_seconds', 'metrica_crm')(number)) }}
{%- endmacro %}

{% macro default___instant_of_seconds(number) -%}
    {{ _unsupported_adapter('_instant_of_seconds') }}
{%- endmacro %}

{% macro postgres___instant_of_seconds(number) -%}
    to_timestamp({{ number }})
{%- endmacro %}

{% macro duckdb___instant_of_seconds(number) -%}
    to_timestamp({{ number }})
{%- endmacro %}

{% macro spark___instant_of_seconds(number) -%}
    timestamp_seconds({{ number }})
{%- endmacro %}


{% macro _instant_of_milliseconds(text) -%}
    {{ return(adapter.dispatch('_instant_of_milliseconds', 'metrica_crm')(text)) }}
{%- endmacro %}

{% macro default___instant_of_milliseconds(text) -%}
    {{ _unsupported_adapter('_instant_of_milliseconds') }}
{%- endmacro %}

{% macro postgres___instant_of_milliseconds(text) -%}
    to_timestamp(cast({{ text }} as double precision) / 1000)
{%- endmacro %}

{% macro duckdb___instant_of_milliseconds(text) -%}
    to_timestamp(cast({{ text }} as double precision) / 1000)
{%- endmacro %}

{% macro spark___instant_of_milliseconds(text) -%}
    timestamp_millis(cast({{ text }} as bigint))
{%- endmacro %}


{% macro counter_time(value) -%}
    {{ _whole_seconds(local_time(value, _time_zone('counter_time_zone'))) }}
{%- endmacro %}


{% macro counter_now() -%}
    {{ counter_time('current_timestamp') }}
{%- endmacro %}


{% macro instant_of(time, zone) -%}
    {#- The instant of a time without a zone. In a doubled hour it is the second one, in standard
        time. -#}
    {{ return(adapter.dispatch('instant_of', 'metrica_crm')(time, zone)) }}
{%- endmacro %}

{% macro default__instant_of(time, zone) -%}
    {{ _unsupported_adapter('instant_of') }}
{%- endmacro %}

{% macro postgres__instant_of(time, zone) -%}
    {{ time }} at time zone {{ zone }}
{%- endmacro %}

{% macro duckdb__instant_of(time, zone) -%}
    {{ time }} at time zone {{ zone }}
{%- endmacro %}

{% macro spark__instant_of(time, zone) -%}
    {#- Spark takes the first of a doubled hour. The second one has the offset of the next day. -#}
    {%- if zone == "'UTC'" -%}
        cast({{ time }} as timestamp)
    {%- else -%}
        {%- set first = "convert_timezone(" ~ zone ~ ", 'UTC', " ~ time ~ ")" -%}
        {%- set next = first ~ " + interval 1 day" -%}
        {%- set second = time ~ " - (convert_timezone('UTC', " ~ zone ~ ", " ~ next ~ ") - (" ~ next ~ "))"
        -%}
        cast(
            case
                when
                    convert_timezone('UTC', {{ zone }}, {{ second }}) = {{ time }}
                    and {{ second }} > {{ first }}
                    then {{ second }}
                else {{ first }}
            end as timestamp
        )
    {%- endif -%}
{%- endmacro %}


{% macro local_time(instant, zone) -%}
    {#- The time without a zone that a clock of the zone shows. -#}
    {{ return(adapter.dispatch('local_time', 'metrica_crm')(instant, zone)) }}
{%- endmacro %}

{% macro default__local_time(instant, zone) -%}
    {{ _unsupported_adapter('local_time') }}
{%- endmacro %}

{% macro postgres__local_time(instant, zone) -%}
    {{ instant }} at time zone {{ zone }}
{%- endmacro %}

{% macro duckdb__local_time(instant, zone) -%}
    {{ instant }} at time zone {{ zone }}
{%- endmacro %}

{% macro spark__local_time(instant, zone) -%}
    {#- The session's zone is UTC, so the cast shows the time in UTC. -#}
    convert_timezone('UTC', {{ zone }}, cast({{ instant }} as timestamp_ntz))
{%- endmacro %}


{% macro _whole_seconds(time) -%}
    {{ return(adapter.dispatch('_whole_seconds', 'metrica_crm')(time)) }}
{%- endmacro %}

{% macro default___whole_seconds(time) -%}
    {{ _unsupported_adapter('_whole_seconds') }}
{%- endmacro %}

{% macro postgres___whole_seconds(time) -%}
    date_trunc('second', {{ time }})
{%- endmacro %}

{% macro duckdb___whole_seconds(time) -%}
    date_trunc('second', {{ time }})
{%- endmacro %}

{% macro spark___whole_seconds(time) -%}
    cast(date_trunc('second', {{ time }}) as timestamp_ntz)
{%- endmacro %}


{% macro _finite(time) -%}
    {#- After an infinite time a watermark would never move, and no format can write it. -#}
    {{ return(adapter.dispatch('_finite', 'metrica_crm')(time)) }}
{%- endmacro %}

{% macro default___finite(time) -%}
    {{ _unsupported_adapter('_finite') }}
{%- endmacro %}

{% macro postgres___finite(time) -%}
    nullif(nullif({{ time }}, 'infinity'), '-infinity')
{%- endmacro %}

{% macro duckdb___finite(time) -%}
    nullif(nullif({{ time }}, 'infinity'), '-infinity')
{%- endmacro %}

{% macro spark___finite(time) -%}
    {{ time }}
{%- endmacro %}


{% macro _earliest_instant() -%}
    {{ return(adapter.dispatch('_earliest_instant', 'metrica_crm')()) }}
{%- endmacro %}

{% macro default___earliest_instant() -%}
    {{ _unsupported_adapter('_earliest_instant') }}
{%- endmacro %}

{% macro postgres___earliest_instant() -%}
    cast('-infinity' as timestamp with time zone)
{%- endmacro %}

{% macro duckdb___earliest_instant() -%}
    cast('-infinity' as timestamp with time zone)
{%- endmacro %}

{% macro spark___earliest_instant() -%}
    timestamp '0001-02-01 00:00:00'
{%- endmacro %}
