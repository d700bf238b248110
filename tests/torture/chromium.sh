# chromium, headless, opens a page with a script, and prints the page afterwards.
cat > page.html <<'END'
<html><body><p id=a>before</p><script>
const c = document.createElement('canvas'), x = c.getContext('2d'); x.fillRect(1, 2, 3, 4);
let s = 0; for (let i = 0; i < 1e6; i++) s = (s * 31 + i) % 1000003;
document.getElementById('a').textContent = 'after ' + s + ' ' + x.getImageData(2, 3, 1, 1).data.join(',');
</script></body></html>
END
$watch chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
	--disable-component-update --disable-sync --user-data-dir="$PWD/profile" --dump-dom "file://$PWD/page.html" 2> err.log
