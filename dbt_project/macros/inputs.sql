{% macro inputs_of(node_ids, keys) -%}
    {%- set found = {'views': [], 'keyed': [], 'whole': [], 'named': []} -%}
    {%- do gather_inputs(node_ids, keys, found, []) -%}
    {{ return(found) }}
{%- endmacro %}


{% macro gather_inputs(node_ids, keys, found, seen) -%}
    {%- for id in node_ids if id not in seen -%}
        {%- do seen.append(id) -%}
        {%- set node = graph.nodes.get(id) or graph.sources.get(id) -%}
        {%- set materialized = node.config.get('materialized') -%}
        {%- set relation = api.Relation.create(
            database=node.database, schema=node.schema, identifier=node.identifier or node.alias
        ) -%}
        {%- if keys.get(id) -%}
            {%- do found.keyed.append({'relation': relation, 'key': keys[id]}) -%}
        {%- elif id in keys -%}
            {%- do found.named.append(relation) -%}
        {%- elif node.resource_type == 'model' and materialized in ['view', 'ephemeral'] -%}
            {%- if materialized == 'view' -%}
                {%- do found.views.append(relation) -%}
            {%- endif -%}
            {%- do gather_inputs(node.depends_on.nodes, keys, found, seen) -%}
        {%- else -%}
            {%- do found.whole.append(relation) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{% macro recipe(inputs) -%}
    {%- set parts = [run_query("select version()").columns[0].values()[0]] -%}
    {#- What is the same in a full and an incremental build. -#}
    {%- set own = namespace(sql=model.compiled_code) -%}
    {%- for part in ['differing', 'stale'] -%}
        {%- set own.sql = modules.re.sub(
            "(?s)/[*] only " ~ part ~ " [*]/.*?/[*] end " ~ part ~ " [*]/", "", own.sql
        ) -%}
    {%- endfor -%}
    {%- do parts.append(own.sql.split() | join(" ")) -%}
    {%- if inputs.views -%}
        {%- do parts.extend(run_query(view_definitions(inputs.views)).columns[0].values()) -%}
    {%- endif -%}
    {%- for relation in inputs.keyed | map(attribute='relation') | list + inputs.whole -%}
        {%- for column in get_column_schema_from_query("select * from " ~ relation) -%}
            {%- do parts.append(relation ~ "." ~ column.name ~ " " ~ column.dtype) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for relation in inputs.named -%}
        {%- do parts.append(relation ~ " " ~ comment_of(relation)) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | join("\n"))) }}
{%- endmacro %}


{% macro view_definitions(views) -%}
    {{ return(adapter.dispatch('view_definitions')(views)) }}
{%- endmacro %}

{% macro default__view_definitions(views) -%}
    select definition from pg_views
    where {% for view in views -%}
        (schemaname = '{{ view.schema }}' and viewname = '{{ view.identifier }}')
        {{ 'or ' if not loop.last }}
    {%- endfor %}
    order by schemaname, viewname
{%- endmacro %}

{% macro duckdb__view_definitions(views) -%}
    select sql from duckdb_views()
    where {% for view in views -%}
        (
            database_name = '{{ view.database }}'
            and schema_name = '{{ view.schema }}'
            and view_name = '{{ view.identifier }}'
        )
        {{ 'or ' if not loop.last }}
    {%- endfor %}
    order by schema_name, view_name
{%- endmacro %}


{% macro comment_of(relation) -%}
    {%- set found = run_query(adapter.dispatch('comment_query')(relation)).columns[0].values() -%}
    {{ return(found[0] if found else none) }}
{%- endmacro %}

{% macro default__comment_query(relation) -%}
    select obj_description(to_regclass('{{ relation.render() }}'), 'pg_class')
{%- endmacro %}

{% macro duckdb__comment_query(relation) -%}
    select comment from duckdb_tables()
    where
        database_name = '{{ relation.database }}'
        and schema_name = '{{ relation.schema }}'
        and table_name = '{{ relation.identifier }}'
{%- endmacro %}
