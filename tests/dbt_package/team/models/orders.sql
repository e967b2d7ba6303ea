-- A model of the team with the name of a mart.
select stage, count(*) as deals from {{ ref('raw_deals') }} group by stage
