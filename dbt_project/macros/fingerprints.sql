{% macro take_fingerprints(keys) -%}
    {%- if execute -%}
        {%- set inputs = inputs_of(model.depends_on.nodes, keys) -%}
        {#- One union, because PostgreSQL then expects few groups and counts them in parallel. -#}
        {%- set query -%}
            select
                input,
                bucket,
                count(*) as lines,
                cast(sum(fingerprint) as numeric(38, 0)) as total
            from (
                {{ row_fingerprints('recipe', "'" ~ recipe(inputs) ~ "'", none) }}
                {% for input in inputs.keyed %}
                union all
                {{ row_fingerprints(input.relation, '_input_row_', id_text(input.key)) }}
                from {{ input.relation }} as _input_row_
                {% endfor %}
                {% for relation in inputs.whole %}
                union all
                {{ row_fingerprints(relation, '_input_row_', none) }}
                from {{ relation }} as _input_row_
                {% endfor %}
            ) as rows
            group by input, bucket
        {%- endset -%}
        {{ adapter.dispatch('keep_for_this_build')(query) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__keep_for_this_build(query) -%}
    {#- The rows and their fingerprints must be of one moment: what changes in between, and
        back again before the next build, would never be seen. -#}
    commit;
    begin isolation level repeatable read;
    {#- Compiling expressions this long takes longer than most builds. -#}
    set local jit = off;
    create temporary table {{ this.identifier }}_fingerprints_now on commit drop as {{ query }}
{%- endmacro %}

{% macro duckdb__keep_for_this_build(query) -%}
    create or replace temporary table {{ this.identifier }}_fingerprints_now as {{ query }}
{%- endmacro %}


{% macro row_fingerprints(input, row, id) -%}
    select
        '{{ input }}' as input,
        {{ bucket("coalesce(" ~ id ~ ", '')" if id else "cast(null as text)") }} as bucket,
        {{ adapter.dispatch('row_fingerprint')(row) }} as fingerprint
{%- endmacro %}

{% macro default__row_fingerprint(row) -%}
    hashtextextended(cast({{ row }} as text), 0)
{%- endmacro %}

{% macro duckdb__row_fingerprint(row) -%}
    {#- Twice, or a sum could miss it when two rows exchange the values of one column. -#}
    hash(hash({{ row }}))
{%- endmacro %}


{% macro bucket(id) -%}
    {{ return(adapter.dispatch('bucket')(id)) }}
{%- endmacro %}

{% macro default__bucket(id) -%}
    cast(hashtextextended({{ bytes(id) }}, 0) & 65535 as integer)
{%- endmacro %}

{% macro duckdb__bucket(id) -%}
    {#- DuckDB pushes a condition below an aggregate only when it cannot fail. -#}
    left(md5({{ id }}), 4)
{%- endmacro %}


{% macro find_stale() -%}
    {%- if execute -%}
        {%- set stored = adapter.get_relation(*fingerprints_of(this.identifier)) -%}
        {%- set condition = 'true' -%}
        {%- if stored and is_incremental() -%}
            {%- set now = this.identifier ~ "_fingerprints_now" -%}
            {%- set buckets = run_query(
                "(select bucket from (select * from " ~ now ~ " except select * from " ~ stored
                ~ ") as added) union (select bucket from (select * from " ~ stored
                ~ " except select * from " ~ now ~ ") as gone) order by 1"
            ).columns[0].values() -%}
            {%- if not buckets -%}
                {%- set condition = 'false' -%}
            {%- elif none not in buckets and buckets | length <= 16384 -%}
                {%- set condition = adapter.dispatch('is_one_of')(bucket('id'), buckets) -%}
            {%- endif -%}
        {%- endif -%}
        {{ adapter.dispatch('define_stale')(condition) }}
    {%- endif -%}
{%- endmacro %}

{% macro default__define_stale(condition) -%}
    {#- Inlined by the planner, which then sees a plain list. -#}
    create or replace function {{ stale_function() }}(id text) returns boolean
    language sql immutable parallel safe as $$ select {{ condition }} $$
{%- endmacro %}

{% macro duckdb__define_stale(condition) -%}
    create or replace temporary macro {{ stale_function() }}(id) as ({{ condition }})
{%- endmacro %}


{% macro default__is_one_of(bucket, buckets) -%}
    {{ bucket }} in ({{ buckets | join(', ') }})
{%- endmacro %}

{% macro duckdb__is_one_of(bucket, buckets) -%}
    {#- DuckDB would compare with a list's items one by one. -#}
    regexp_full_match({{ bucket }}, '{{ buckets | join('|') }}')
{%- endmacro %}


{% macro stale_function() -%}
    {{ 'pg_temp.' if target.type == 'postgres' }}is_stale_{{ this.identifier }}
{%- endmacro %}


{% macro where_stale(id) -%}
    {%- if is_incremental() -%}
        /* only stale */ where {{ stale_function() }}({{ id }}) /* end stale */
    {%- endif -%}
{%- endmacro %}


{% macro keep_fingerprints(unread=none) -%}
    {%- set stored = api.Relation.create(*fingerprints_of(this.identifier)) -%}
    drop table if exists {{ stored }};
    create table {{ stored }} as
    select * from {{ this.identifier }}_fingerprints_now
    {% if unread %}
    where bucket is null or bucket not in (
        select {{ bucket('contact_id') }} from {{ unread }} {{ where_stale('contact_id') }}
    )
    {% endif %}
{%- endmacro %}


{% macro fingerprints_of(mart) -%}
    {{ return([this.database, generate_schema_name('metrica_work', model), mart ~ '_fingerprints']) }}
{%- endmacro %}
