# A server answers 2,000 requests of each kind.  Further threads for that would be busy or asleep at its end by chance.
exec sh data/redis.sh 2000 1
