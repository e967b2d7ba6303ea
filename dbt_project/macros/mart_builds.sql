{% macro record_mart_build(times_from=none) -%}
    {%- set builds = ref('metrica_crm', 'mart_builds') -%}
    {%- if execute -%}
        {%- set mart = _mart_name() -%}
        {%- if load_relation(builds) is none -%}
            {{ exceptions.raise_compiler_error(
                "The table " ~ builds.render() ~ " for the build of mart " ~ mart ~ " is missing. Run dbt"
                ~ " build, or run dbt run --select mart_builds before you build a part of the project."
            ) }}
        {%- endif -%}
        {%- set zone = var('counter_time_zone') -%}
        {%- if times_from -%}
            {%- set zone = _time_zone_of_mart(times_from) -%}
        {%- endif -%}
        insert into {{ builds.render() }}
            (mart, built_at, time_zone, row_count, checksum, invocation_id)
        select
            '{{ mart }}',
            current_timestamp,
            '{{ zone }}',
            count(*),
            cast(coalesce(sum({{ _hash_number('row_hash') }}), 0) as numeric(38, 0)),
            '{{ invocation_id }}'
        from {{ this }}
        {{- _then_forget_old_builds(builds.render(), mart) }}
    {%- endif -%}
{%- endmacro %}


{% macro _then_forget_old_builds(builds, mart) -%}
    {{ return(adapter.dispatch('_then_forget_old_builds', 'metrica_crm')(builds, mart)) }}
{%- endmacro %}

{% macro default___then_forget_old_builds(builds, mart) -%}
    {{ _unsupported_adapter('_then_forget_old_builds') }}
{%- endmacro %}

{% macro postgres___then_forget_old_builds(builds, mart) -%}
    ;
    {{ _deletion_of_old_builds(builds, mart) }}
{%- endmacro %}

{% macro duckdb___then_forget_old_builds(builds, mart) -%}
    ;
    {{ _deletion_of_old_builds(builds, mart) }}
{%- endmacro %}

{% macro spark___then_forget_old_builds(builds, mart) -%}
    {#- Marts that are built at the same time must not delete from one Iceberg table, so
        `forget_old_builds` does it before them. -#}
{%- endmacro %}


{% macro _deletion_of_old_builds(builds, mart) -%}
    delete from {{ builds }}
        where
            mart = '{{ mart }}'
            and built_at < (
                select min(newest.built_at)
                from (
                    select built_at
                    from {{ builds }}
                    where mart = '{{ mart }}'
                    order by built_at desc
                    limit {{ _mart_builds_limit() }}
                ) as newest
            )
{%- endmacro %}


{% macro forget_old_builds() -%}
    {{ return(adapter.dispatch('forget_old_builds', 'metrica_crm')()) }}
{%- endmacro %}

{% macro default__forget_old_builds() -%}
    {{ _unsupported_adapter('forget_old_builds') }}
{%- endmacro %}

{% macro postgres__forget_old_builds() -%}
{%- endmacro %}

{% macro duckdb__forget_old_builds() -%}
{%- endmacro %}

{% macro spark__forget_old_builds() -%}
    delete from {{ this }}
    where (mart, built_at) in (
        select
            mart,
            built_at
        from (
            select
                mart,
                built_at,
                row_number() over (partition by mart order by built_at desc) as place
            from {{ this }}
        ) as builds
        where place >= {{ _mart_builds_limit() }}
    )
{%- endmacro %}


{% macro _mart_builds_limit() -%}
    {{ return(100) }}
{%- endmacro %}


{% macro _mart_name() -%}
    {%- set mart = model.config.get('meta', {}).get('metrica', {}).get('entity') -%}
    {%- if not mart -%}
        {{ exceptions.raise_compiler_error(
            "Model " ~ model.name ~ " is recorded as a mart, but its meta names no entity. Add an entity"
            ~ " to its YAML, for example `meta: {metrica: {entity: orders}}`."
        ) }}
    {%- endif -%}
    {{ return(mart) }}
{%- endmacro %}


{% macro _time_zone_of_mart(mart) -%}
    {%- set zones = run_query(
        "select time_zone from " ~ ref('metrica_crm', 'mart_builds').render()
        ~ " where mart = '" ~ mart ~ "' order by built_at desc limit 1"
    ).columns[0].values() -%}
    {%- if not zones -%}
        {{ exceptions.raise_compiler_error(
            "Table " ~ ref('metrica_crm', 'mart_builds').render() ~ " has no row for mart " ~ mart
            ~ ", so the time zone of its times is unknown. Run dbt build --full-refresh."
        ) }}
    {%- endif -%}
    {{ return(zones[0]) }}
{%- endmacro %}


{% macro _hash_number(row_hash) -%}
    {#- The first 60 bits of the md5, equal on every engine. -#}
    {{ return(adapter.dispatch('_hash_number', 'metrica_crm')(row_hash)) }}
{%- endmacro %}

{% macro default___hash_number(row_hash) -%}
    {{ _unsupported_adapter('_hash_number') }}
{%- endmacro %}

{% macro postgres___hash_number(row_hash) -%}
    cast(cast('x' || left({{ row_hash }}, 15) as bit(60)) as bigint)
{%- endmacro %}

{% macro spark___hash_number(row_hash) -%}
    {#- A decimal number, because a sum of bigints overflows without an error. -#}
    cast(conv(left({{ row_hash }}, 15), 16, 10) as numeric(20, 0))
{%- endmacro %}

{% macro duckdb___hash_number(row_hash) -%}
    cast('0x' || left({{ row_hash }}, 15) as bigint)
{%- endmacro %}
