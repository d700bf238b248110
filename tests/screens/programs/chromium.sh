# The browser shows a page with a script, and prints what has become of it.
export HOME="$PWD"
cat > page.html << 'END'
<table></table>
<script>
for (let i = 0; i < 500; i++)
  document.querySelector('table').insertRow().insertCell().textContent = JSON.stringify({ i, text: 'x'.repeat(i) })
</script>
END
$WATCHED chromium --headless --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" --dump-dom "file://$PWD/page.html" \
	> page.out 2> chromium.log
grep -c '<tr>' page.out
