"""The charts of the report: Vega-Lite specifications, drawn as SVG by vl-convert."""
