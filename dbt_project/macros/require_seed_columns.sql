{% macro require_seed_columns() -%}
    {%- if execute -%}
        {%- set columns = load_agate_table().column_names -%}
        {%- set missing = [] -%}
        {%- for name in config.get('column_types', {}) if name not in columns -%}
            {%- do missing.append(name) -%}
        {%- endfor -%}
        {%- if missing -%}
            {{ exceptions.raise_compiler_error(
                "The seed " ~ model.original_file_path ~ " has no column " ~ missing | join(", ")
                ~ ". Its first line has: " ~ columns | join(", ") ~ ". Save it with commas between"
                ~ " the columns, or, if it has semicolons, set `+delimiter: \";\"` for it under"
                ~ " `seeds: metrica_crm: " ~ model.name ~ ":` in dbt_project.yml. Then run dbt build"
                ~ " again."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
