{% macro spark__escape_single_quotes(expression) -%}
    {#- dbt-spark leaves backslashes as they are, so Spark reads `\u0041` in a fixture as `A`. -#}
    {{ expression | replace("\\", "\\\\") | replace("'", "\\'") }}
{%- endmacro %}


{% macro get_fixture_sql(rows, column_name_to_data_types) -%}
    {{ return(adapter.dispatch('get_fixture_sql', 'metrica_crm')(rows, column_name_to_data_types)) }}
{%- endmacro %}

{% macro default__get_fixture_sql(rows, column_name_to_data_types) -%}
    {{ _unsupported_adapter('get_fixture_sql') }}
{%- endmacro %}

{% macro postgres__get_fixture_sql(rows, column_name_to_data_types) -%}
    {{ return(dbt.get_fixture_sql(rows, column_name_to_data_types)) }}
{%- endmacro %}

{% macro duckdb__get_fixture_sql(rows, column_name_to_data_types) -%}
    {{ return(dbt.get_fixture_sql(rows, column_name_to_data_types)) }}
{%- endmacro %}

{% macro spark__get_fixture_sql(rows, column_name_to_data_types) -%}
    {#- One table of values: Spark's planner needs minutes for a `union all` of 211 rows. -#}
    {%- if not rows -%}
        {{ return(dbt.get_fixture_sql(rows, column_name_to_data_types)) }}
    {%- endif -%}
    {%- set types = {} -%}
    {%- for name, type in (column_name_to_data_types or {}).items() -%}
        {%- do types.update({name | lower: type}) -%}
    {%- endfor -%}
    {%- if not types -%}
        {%- for column in adapter.get_columns_in_relation(this) -%}
            {%- do types.update({column.name | lower: column.data_type}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- set values = [] -%}
    {%- for row in rows -%}
        {%- set formatted = format_row(row, types) -%}
        {%- set cells = [] -%}
        {%- for name, type in types.items() -%}
            {%- do cells.append(formatted.get(name, "cast(null as " ~ type ~ ")") | trim) -%}
        {%- endfor -%}
        {%- do values.append("(" ~ cells | join(", ") ~ ")") -%}
    {%- endfor -%}
    {%- set names = [] -%}
    {%- for name in types -%}
        {%- do names.append(adapter.quote(name)) -%}
    {%- endfor -%}
    {{ return(
        "select * from values\n" ~ values | join(",\n") ~ "\nas fixture(" ~ names | join(", ") ~ ")"
    ) }}
{%- endmacro %}
