{% macro rows_to_rebuild(inputs, key, mart_key, also_compare=[]) -%}
    select inputs.*
    from {{ inputs }} as inputs
    {% if is_incremental() %}
    left join {{ this }} as built on inputs.{{ key }} = built.{{ mart_key }}
    cross join (
        select least(max(updated_at), current_timestamp)
            - interval '{{ var("lookback_days") | int }} days' as since
        from {{ this }}
    ) as lookback
    where
        built.{{ mart_key }} is null
        or inputs.updated_at is null
        or inputs.updated_at is distinct from built.updated_at
        or inputs.updated_at >= lookback.since
        {% for column in also_compare %}
        or inputs.{{ column }} is distinct from built.{{ column }}
        {% endfor %}
    {% endif %}
{%- endmacro %}


{% macro delete_gone(inputs, key, mart_key) -%}
    delete from {{ this }} where not exists (
        select 1 from {{ inputs }} as inputs where inputs.{{ key }} = {{ this }}.{{ mart_key }}
    )
{%- endmacro %}
