create table item(id integer primary key, name text, price real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
insert into item select i, 'item ' || i, i * 0.5 from n;
create index by_name on item(name);
select count(*), sum(price), max(name) from item;
select name from item where name like '%99' order by price desc limit 5;
update item set price = price + 1 where id % 7 = 0;
delete from item where id % 11 = 0;
select substr(name, 1, 6) as prefix, count(*), avg(price) from item group by prefix order by prefix limit 12;
select hex(md5) from (select group_concat(name) as md5 from item where id < 4);
