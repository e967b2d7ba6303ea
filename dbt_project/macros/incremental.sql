{% macro rows_that_differ(rows, key, stale=false) -%}
    select candidates.*
    from {{ rows }} as candidates
    {% if is_incremental() %}
    /* only differing */
    left join (
        select {{ key }}, row_hash, updated_at from {{ this }}
        {{ where_stale(key) if stale }}
    ) as built on candidates.{{ key }} = built.{{ key }}
    where
        built.{{ key }} is null
        or candidates.row_hash is distinct from built.row_hash
        or candidates.updated_at is distinct from built.updated_at
    /* end differing */
    {% endif %}
{%- endmacro %}


{% macro delete_gone(inputs, input_key, key, stale=false) -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        {{ where_stale(key) if stale else 'where true' }}
        and not exists (
            select 1
            from (
                select {{ input_key }} from {{ inputs }}
                {{ where_stale(input_key) if stale }}
            ) as inputs
            where inputs.{{ input_key }} = {{ this }}.{{ key }}
        )
    {%- endif -%}
{%- endmacro %}


{% macro mark_time_zone(as_in=none) -%}
    {%- if execute -%}
        comment on table {{ this }} is
        '{{ comment_of(as_in) if as_in else "counter_time_zone=" ~ var("counter_time_zone") }}'
    {%- endif -%}
{%- endmacro %}
