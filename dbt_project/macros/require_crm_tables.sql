{% macro require_crm_tables() -%}
    {#- It runs before the build, since dbt runs the data tests of a source before its staging
        model, and these would fail with a database error. -#}
    {%- if execute and flags.WHICH in ['build', 'run', 'snapshot', 'test'] -%}
        {%- set missing, incomplete = [], [] -%}
        {%- for source in graph.sources.values() -%}
            {%- if source.package_name == 'metrica_crm' and source.source_name in ['metrica_crm', 'metrica_' ~ var('crm')]
                and _is_read(source.unique_id) -%}
                {%- set table = source.schema ~ "." ~ source.identifier -%}
                {%- set relation = load_relation(api.Relation.create(
                    source.database, source.schema, source.identifier
                )) -%}
                {%- if not relation -%}
                    {%- set variable = source.config.get('meta', {}).get('optional_by') -%}
                    {%- do missing.append(
                        table
                        ~ (" (set the var " ~ variable ~ " if your CRM has none)" if variable else "")
                    ) -%}
                {%- else -%}
                    {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
                    {%- set lacking = _lacking_columns(source, columns) -%}
                    {#- PostgreSQL lists no columns of a materialized view, or without a right on it. -#}
                    {%- if columns and lacking -%}
                        {%- do incomplete.append(
                            table ~ " has no column " ~ lacking | join(", ")
                            ~ " (it has: " ~ columns | sort | join(", ") ~ ")"
                        ) -%}
                    {%- endif -%}
                {%- endif -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if missing -%}
            {{ exceptions.raise_compiler_error(
                "The warehouse has no table or view " ~ missing | sort | join(", ") ~ ". "
                ~ ("Create each as a view over your CRM's own table" if var('crm') == 'generic'
                else "Name each as it is called in your warehouse in the var crm_raw_tables")
                ~ ", or set the var crm_schema to another schema,"
                ~ " and run dbt build again. Set vars in dbt_project.yml or by --vars."
            ) }}
        {%- endif -%}
        {%- if incomplete -%}
            {{ exceptions.raise_compiler_error(
                "The CRM table " ~ incomplete | sort | join("; ") ~ ". Give the view these columns,"
                ~ " as in docs/" ~ ("reference/crm-tables.md" if var('crm') == 'generic'
                else "how-to/ready-made-mappings.md")
                ~ " (a column may be null), and run dbt build again."
                ~ " If you edited the models so that they do not read a column, remove it from the YAML of the"
                ~ " sources."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{% macro _lacking_columns(source, columns) -%}
    {%- set lacking = [] -%}
    {#- A mapping reads a column in any spelling that loaders give it. -#}
    {%- set is_raw = source.source_name != 'metrica_crm' -%}
    {%- set found = (columns | map('lower') | list) + (
        columns | map('lower') | map('replace', '_', '') | list if is_raw else []
    ) -%}
    {%- for column in source.columns -%}
        {%- if (_folded_name(column) if is_raw else column | lower) not in found -%}
            {%- do lacking.append(column | lower) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(lacking | sort) }}
{%- endmacro %}


{% macro _is_read(source_id) -%}
    {%- for id in selected_resources -%}
        {%- if source_id in graph.nodes.get(id, {}).get('depends_on', {}).get('nodes', []) -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}
