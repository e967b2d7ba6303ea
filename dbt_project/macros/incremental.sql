{% macro rows_that_differ(rows, key) -%}
    select candidates.*
    from {{ rows }} as candidates
    {% if is_incremental() %}
    left join {{ this }} as built on candidates.{{ key }} = built.{{ key }}
    where
        built.{{ key }} is null
        or candidates.row_hash is distinct from built.row_hash
        or candidates.updated_at is distinct from built.updated_at
    {% endif %}
{%- endmacro %}


{% macro delete_gone(inputs, input_key, key) -%}
    delete from {{ this }} where not exists (
        select 1 from {{ inputs }} as inputs where inputs.{{ input_key }} = {{ this }}.{{ key }}
    )
{%- endmacro %}


{% macro mark_time_zone() -%}
    comment on table {{ this }} is 'counter_time_zone={{ var("counter_time_zone") }}'
{%- endmacro %}
