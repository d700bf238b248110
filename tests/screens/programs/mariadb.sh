# A server answers 150 rounds of four statements.
exec sh data/mariadb.sh 150
