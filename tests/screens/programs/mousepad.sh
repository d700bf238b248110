# The editor shows a file, and is told to quit.
seq 2000 > text
export NO_AT_BRIDGE=1 HOME="$PWD" XDG_RUNTIME_DIR="$PWD"
cat > session.sh << 'END'
$WATCHED mousepad text > mousepad.log 2>&1 &
until gdbus call --session -d org.freedesktop.DBus -o / -m org.freedesktop.DBus.NameHasOwner org.xfce.mousepad | grep -q true; do
	kill -0 $! || exit 1
	sleep 0.1
done
sleep 2
mousepad --quit
wait $!
END
exec xvfb-run -a dbus-run-session -- sh session.sh
