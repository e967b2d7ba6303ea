{% macro require_crm_tables() -%}
    {#- It runs before the build, since dbt runs the data tests of a source before its staging
        model, and these would fail with a database error. -#}
    {%- if execute and flags.WHICH in ['build', 'run', 'snapshot', 'test'] -%}
        {%- set missing = [] -%}
        {%- for source in graph.sources.values() -%}
            {%- if source.package_name == 'metrica_crm' and source.source_name == 'metrica_crm'
                and _is_read(source.unique_id)
                and not load_relation(api.Relation.create(
                    source.database, source.schema, source.identifier
                )) -%}
                {%- set variable = source.config.get('meta', {}).get('optional_by') -%}
                {%- do missing.append(
                    source.schema ~ "." ~ source.identifier
                    ~ (" (set the var " ~ variable ~ ": false if your CRM has none)" if variable else "")
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if missing -%}
            {{ exceptions.raise_compiler_error(
                "The warehouse has no table or view " ~ missing | sort | join(", ") ~ ". Create each"
                ~ " as a view over your CRM's own table, or set the var crm_schema to another schema,"
                ~ " and run dbt build again. Set vars in dbt_project.yml or by --vars."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{% macro _is_read(source_id) -%}
    {%- for id in selected_resources -%}
        {%- if source_id in graph.nodes.get(id, {}).get('depends_on', {}).get('nodes', []) -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}
