# Two workers serve 2,000 requests for a file.
exec sh data/nginx.sh 2000 0
