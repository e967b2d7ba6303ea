{% macro max_identifiers(kind) -%}
    {#- Source: page "Uploading customer data (JSON)". -#}
    case when {{ kind }} = 'client_id' then 500 else 50 end
{%- endmacro %}


{% macro warn_of_left_out(left_out) -%}
    {%- if execute and flags.WHICH in ['build', 'test'] -%}
        {%- set lines = [] -%}
        {%- set reasons = [] -%}
        {%- for entity, kind, reason, count, total in run_query(
            "select entity, kind, reason, left_out, total from " ~ left_out.render()
            ~ " order by 1, 2, 3"
        ).rows -%}
            {%- do lines.append(
                "  " ~ entity ~ ": " ~ count ~ " of " ~ total ~ " " ~ kind ~ " ("
                ~ "%.1f" | format(100 * count / total) ~ " %), " ~ reason
            ) -%}
            {%- do reasons.append(reason) -%}
        {%- endfor -%}
        {%- set advice = (
            " If all national numbers belong to one country, set the var default_calling_code."
            if 'no_country_code' in reasons and not default_calling_code() else ""
        ) -%}
        {%- if lines -%}
            {%- do exceptions.warn(
                "Left out of the marts, by reason:\n" ~ lines | join("\n")
                ~ "\nList the identifiers in metrica_work.int_contact_identifiers and correct them."
                ~ advice
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{% macro with_hashes(column) -%}
    {%- if column == 'identifiers_count' -%}
        cast(
            coalesce(lists.identifiers_count, 0)
            {%- if var('crm_has_hashed_identifiers') %} + coalesce(hashes.identifiers_count, 0) {%- endif %}
            as integer
        ) as identifiers_count
    {%- elif var('crm_has_hashed_identifiers') -%}
        nullif(concat_ws(',', lists.{{ column }}, hashes.{{ column }}), '') as {{ column }}
    {%- else -%}
        lists.{{ column }}
    {%- endif -%}
{%- endmacro %}
