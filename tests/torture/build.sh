# build.sh CC: make and a compiler build this project's own tools; the objects are the same to the byte.
root=$(cd "$here/../.." && pwd)
cp -r "$root/Makefile" "$root/shim" "$root/tools" .
mkdir -p tests
cp "$root/tests/tests.mk" tests
$watch make -s -j2 CC="$1" CFLAGS= OPT=-O1 BUILD=out out/libtools.a out/libringtail.so > make.log 2>&1 || { tail make.log; exit 1; }
find out -name '*.o' | sort | xargs md5sum
