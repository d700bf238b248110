# The terminal runs a script of 300 commands.
export HOME="$PWD" XDG_RUNTIME_DIR="$PWD" LANG=C.UTF-8
cat > script.sh << 'END'
for i in $(seq 100); do ls -l / | sort -r | head -3; done
END
exec xvfb-run -a $WATCHED qterminal -e sh script.sh > qterminal.log 2>&1
