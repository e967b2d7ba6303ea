{% macro spark__create_csv_table(model, agate_table) -%}
    {%- set columns = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- do columns.append(adapter.quote(name) ~ " " ~ _seed_type(model, agate_table, loop.index0)) -%}
    {%- endfor -%}
    {%- set sql -%}
        create table {{ this.render() }} ({{ columns | join(', ') }})
        {{ file_format_clause() }}
        {{ location_clause() }}
        {{ comment_clause() }}
    {%- endset -%}
    {%- call statement('_') -%}{{ sql }}{%- endcall -%}
    {{ return(sql) }}
{%- endmacro %}


{% macro spark__load_csv_rows(model, agate_table) -%}
    {#- dbt-spark writes an empty cell as the text 'None', and does not escape quotes. -#}
    {%- set statements = [] -%}
    {%- for chunk in agate_table.rows | batch(get_batch_size()) -%}
        {%- set rows = [] -%}
        {%- for row in chunk -%}
            {%- set cells = [] -%}
            {%- for cell in row -%}
                {%- do cells.append(
                    "cast(" ~ ("null" if cell is none else _literal(cell | string))
                    ~ " as " ~ _seed_type(model, agate_table, loop.index0) ~ ")"
                ) -%}
            {%- endfor -%}
            {%- do rows.append("(" ~ cells | join(", ") ~ ")") -%}
        {%- endfor -%}
        {%- do statements.append(
            "insert into " ~ this.render() ~ " values\n" ~ rows | join(",\n")
        ) -%}
        {%- do adapter.add_query(statements[-1], abridge_sql_log=True) -%}
    {%- endfor -%}
    {{ return(statements[0] if statements else '') }}
{%- endmacro %}


{% macro _seed_type(model, agate_table, index) -%}
    {%- set name = agate_table.column_names[index] -%}
    {{ return(sql_type(
        model.config.get('column_types', {}).get(name, adapter.convert_type(agate_table, index))
    )) }}
{%- endmacro %}
