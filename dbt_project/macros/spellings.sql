{% macro new_spellings(kind) -%}
    select distinct cells.cell
    from (select * from {{ ref('int_identifier_cells') }}) as cells
    where
        cells.kind = '{{ kind }}'
        {% if is_incremental() %}
        and not exists (select 1 from {{ this }} as known where known.cell = cells.cell)
        {% endif %}
{%- endmacro %}


{% macro delete_unused_spellings(kind) -%}
    delete from {{ this }} where not exists (
        select 1
        from (select * from {{ ref('int_identifier_cells') }}) as cells
        where cells.kind = '{{ kind }}' and cells.cell = {{ this }}.cell
    )
{%- endmacro %}


{% macro mark_reading() -%}
    {%- if execute and not (comment_of(this) or '').startswith('read by run ') -%}
        comment on table {{ this }} is 'read by run {{ invocation_id }}'
    {%- endif -%}
{%- endmacro %}
