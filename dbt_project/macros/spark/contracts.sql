{% macro spark__get_empty_schema_sql(columns) -%}
    {#- The contracts name the types of all engines. -#}
    {%- set translated = {} -%}
    {%- for name, column in columns.items() -%}
        {%- do translated.update({name: dict(column, data_type=sql_type(column.data_type))}) -%}
    {%- endfor -%}
    {{ return(dbt.default__get_empty_schema_sql(translated)) }}
{%- endmacro %}


{% macro spark__get_select_subquery(sql) -%}
    {#- dbt-spark does not apply not_null to Iceberg tables. Here the statement that writes the table
        fails, so the table stays as it was. -#}
    {%- set columns = [] -%}
    {%- for name, column in model.columns.items() -%}
        {%- if column.constraints | selectattr('type', 'equalto', 'not_null') | list -%}
            {%- do columns.append(
                "coalesce(" ~ name ~ ", raise_error(" ~ _literal(
                    "Column " ~ name ~ " of " ~ this.render() ~ " has the constraint not_null, but a row"
                    ~ " has NULL. Correct the row's source and run dbt build again."
                ) ~ ")) as " ~ name
            ) -%}
        {%- else -%}
            {%- do columns.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    select {{ columns | join(', ') }}
    from (
        {{ sql }}
    ) as model_subq
{%- endmacro %}


{% macro spark__create_temporary_view(relation, compiled_code) -%}
    {#- dbt-spark applies no contract to the rows of an incremental build. -#}
    {%- set contract = config.get('contract') -%}
    {%- set is_contracted = contract and contract.enforced and model.resource_type == 'model' -%}
    create or replace temporary view {{ relation }} as
    {{ get_select_subquery(compiled_code) if is_contracted else compiled_code }}
{%- endmacro %}
