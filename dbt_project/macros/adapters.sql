{% macro require_supported_adapter() -%}
    {{ return(adapter.dispatch('require_supported_adapter', 'metrica_crm')()) }}
{%- endmacro %}

{% macro default__require_supported_adapter() -%}
    {{ _unsupported_adapter('require_supported_adapter') }}
{%- endmacro %}

{% macro postgres__require_supported_adapter() -%}
{%- endmacro %}

{% macro duckdb__require_supported_adapter() -%}
{%- endmacro %}

{% macro spark__require_supported_adapter() -%}
    {{ require_spark_settings() }}
{%- endmacro %}


{% macro _unsupported_adapter(macro) -%}
    {{ exceptions.raise_compiler_error(
        "Unsupported adapter '" ~ target.type ~ "': the package metrica_crm supports postgres, duckdb"
        ~ " and spark. Run dbt with a target of one of these, or write the macro "
        ~ target.type ~ "__" ~ macro ~ " in your project and add `dispatch: [{macro_namespace:"
        ~ " metrica_crm, search_order: [your_project, metrica_crm]}]` to your dbt_project.yml."
    ) }}
{%- endmacro %}


{% macro mart_indexes(id) -%}
    {{ return(adapter.dispatch('mart_indexes', 'metrica_crm')(id)) }}
{%- endmacro %}

{% macro default__mart_indexes(id) -%}
    {{ _unsupported_adapter('mart_indexes') }}
{%- endmacro %}

{% macro postgres__mart_indexes(id) -%}
    {#- An index is made after the load, which takes half of the time of a primary key. -#}
    {{ return([{'columns': [id], 'unique': true}, {'columns': ['updated_at']}]) }}
{%- endmacro %}

{% macro spark__mart_indexes(id) -%}
    {#- Iceberg has no indexes. It finds the newest rows by the minimum and maximum of each file. -#}
    {{ return([]) }}
{%- endmacro %}

{% macro duckdb__mart_indexes(id) -%}
    {#- DuckDB finds the newest rows by the minimum and maximum of each row group, without an index,
        and compares ids in whole columns. -#}
    {{ return([]) }}
{%- endmacro %}


{% macro gather_statistics() -%}
    {{ return(adapter.dispatch('gather_statistics', 'metrica_crm')()) }}
{%- endmacro %}

{% macro default__gather_statistics() -%}
    {{ _unsupported_adapter('gather_statistics') }}
{%- endmacro %}

{% macro postgres__gather_statistics() -%}
    {#- Autovacuum comes too late: without statistics the next model sorts where it should hash. A
        table that an incremental build changed has statistics already. -#}
    {%- if execute and model.config.materialized != 'view' -%}
        {%- set found = run_query(
            "select 1 from pg_stats where schemaname = '" ~ this.schema ~ "' and tablename = '"
            ~ this.identifier ~ "' limit 1"
        ).rows -%}
        {{ '' if found else 'analyze ' ~ this }}
    {%- endif -%}
{%- endmacro %}

{% macro duckdb__gather_statistics() -%}
{%- endmacro %}

{% macro spark__gather_statistics() -%}
{%- endmacro %}


{% macro without_jit() -%}
    {{ return(adapter.dispatch('without_jit', 'metrica_crm')()) }}
{%- endmacro %}

{% macro default__without_jit() -%}
    {{ _unsupported_adapter('without_jit') }}
{%- endmacro %}

{% macro postgres__without_jit() -%}
    {#- Compiling the long expressions takes longer than it saves. -#}
    set local jit = off
{%- endmacro %}

{% macro duckdb__without_jit() -%}
{%- endmacro %}

{% macro spark__without_jit() -%}
{%- endmacro %}


{% macro may_select(relation) -%}
    {{ return(adapter.dispatch('may_select', 'metrica_crm')(relation)) }}
{%- endmacro %}

{% macro default__may_select(relation) -%}
    {{ _unsupported_adapter('may_select') }}
{%- endmacro %}

{% macro postgres__may_select(relation) -%}
    {#- `has_table_privilege` of a table in a schema without usage is an error, so both are asked. -#}
    {%- set found = run_query(
        "select case when has_schema_privilege('" ~ relation.schema ~ "', 'usage') then"
        ~ " has_table_privilege('" ~ relation.include(database=false).render() ~ "', 'select')"
        ~ " else false end"
    ) -%}
    {{ return(found.rows[0][0]) }}
{%- endmacro %}

{% macro duckdb__may_select(relation) -%}
    {{ return(true) }}
{%- endmacro %}

{% macro spark__may_select(relation) -%}
    {{ return(true) }}
{%- endmacro %}
