# build.sh CC: make and a compiler build a part of this project's own sources; the objects are the same to the byte.
root=$(cd "$here/../.." && pwd)
cp -r "$root/shim" "$root/tools" .
cat > Makefile <<'END'
OBJECTS := $(patsubst %.c,%.o,$(wildcard shim/*.c tools/source/*.c tools/scan/*.c))
all: $(OBJECTS)
%.o: %.c
	$(CC) -std=gnu17 -O1 -fPIC -I. -D_GNU_SOURCE -c -o $@ $<
END
$watch make -s -j2 CC="$1" > make.log 2>&1 || { tail make.log; exit 1; }
find . -name '*.o' | sort | xargs md5sum
