# git packs a repository with some history: pack-objects has threads, and gc starts a dozen processes.
set -e
export HOME="$PWD" GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_AUTHOR_DATE='2024-01-02T03:04:05Z'
export GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@example.org GIT_COMMITTER_DATE='2024-01-02T03:04:05Z'
git init -q -b main repo
cd repo
for i in $(seq 30); do
	seq $((i * 20)) > file$((i % 7))
	git add .
	git commit -q -m "commit $i"
done
$WATCHED git gc -q
