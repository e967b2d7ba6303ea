{% macro new_spellings(kind) -%}
    select distinct cells.cell
    from (select * from {{ ref('int_identifier_cells') }}) as cells
    where
        cells.kind = '{{ kind }}'
        {% if is_incremental() %}
        and not exists (
            select 1
            from {{ this }} as known
            where known.cell = cells.cell and known.read_with = '{{ reading_key() }}'
        )
        {% endif %}
{%- endmacro %}


{% macro delete_unused_spellings(kind) -%}
    delete from {{ this }} where
        read_with <> '{{ reading_key() }}'
        or not exists (
            select 1
            from (select * from {{ ref('int_identifier_cells') }}) as cells
            where cells.kind = '{{ kind }}' and cells.cell = {{ this }}.cell
        )
{%- endmacro %}


{% macro reading_key() -%}
    {%- if execute -%}
        {%- set codes = graph.get('nodes', {}).get('seed.metrica_crm.phone_calling_codes', {}) -%}
        {{ return(local_md5([
            model.raw_code, cell_elements('x'), whole_number('x'), lost_digits('x'),
            point_for_comma('x'), phone_text('x'), clean_text('x'), default_calling_code(),
            codes.get('checksum', {}).get('checksum', ''),
        ] | join('\n'))) }}
    {%- endif -%}
{%- endmacro %}


{% macro mark_reading() -%}
    {%- if execute -%}
        comment on table {{ this }} is 'read with {{ reading_key() }}'
    {%- endif -%}
{%- endmacro %}
