{% macro require_spark_settings() -%}
    {%- if execute -%}
        {{ _require_dispatch() }}
        {#- Other zones shift times, and the other settings change texts, without an error. -#}
        {%- set found = run_query(
            "select current_timezone(), length('\\\\'), length('${spark.sql.session.timeZone}')"
        ).rows[0] -%}
        {%- set wanted = {} -%}
        {%- if found[0] != 'UTC' -%}
            {%- do wanted.update({'spark.sql.session.timeZone': 'UTC'}) -%}
        {%- endif -%}
        {%- if found[1] != 1 -%}
            {%- do wanted.update({'spark.sql.parser.escapedStringLiterals': 'false'}) -%}
        {%- endif -%}
        {%- if found[2] != 29 -%}
            {%- do wanted.update({'spark.sql.variable.substitute': 'false'}) -%}
        {%- endif -%}
        {%- for setting, value in wanted.items() -%}
            {{ exceptions.raise_compiler_error(
                "Spark's session has another " ~ setting ~ " than '" ~ value ~ "'"
                ~ (" (its zone is " ~ found[0] ~ ")" if found[0] != 'UTC' else "")
                ~ ", and would change the marts without an error. Set `" ~ setting ~ ": \"" ~ value
                ~ "\"` under `server_side_parameters` of the target " ~ target.name
                ~ " in profiles.yml."
            ) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{% macro _require_dispatch() -%}
    {#- dbt-spark's own macros write 'None' for an empty cell of a seed. -#}
    {%- set loader = adapter.dispatch('load_csv_rows', 'dbt') -%}
    {%- if loader.macro.package_name == 'dbt_spark' or loader.macro.package_name == 'dbt' -%}
        {{ exceptions.raise_compiler_error(
            "On Spark, seeds, contracts and not_null need the macros of the package metrica_crm. Add"
            ~ " `dispatch: [{macro_namespace: dbt, search_order: [" ~ project_name
            ~ ", metrica_crm, dbt]}]` to your dbt_project.yml."
        ) }}
    {%- endif -%}
{%- endmacro %}
