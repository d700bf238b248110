# A small repository with dates and names that are always the same.
set -e
export HOME="$PWD" GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_AUTHOR_DATE='2024-01-02T03:04:05Z'
export GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@example.org GIT_COMMITTER_DATE='2024-01-02T03:04:05Z'
git init -q -b main repo
cd repo
for i in 1 2 3 4 5; do
	seq $((i * 100)) > file$i
	echo change >> file1
	git add .
	git commit -q -m "commit $i"
done
git branch other HEAD~2
echo dirty >> file2
git status --short
git log --oneline --stat
git diff HEAD~3 --stat
git -c pack.threads=1 gc -q
git fsck
rm -f .git/index # has the files' times
