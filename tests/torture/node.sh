# node: just-in-time code, worker threads, streams, child processes.
cat > script.js <<'END'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const crypto = require('crypto'), zlib = require('zlib'), { execFileSync } = require('child_process');
if (!isMainThread) {
	let a = []; for (let i = 0; i < 200000; i++) a.push({ i, s: 'x' + (i * workerData) });
	parentPort.postMessage(crypto.createHash('md5').update(JSON.stringify(a)).digest('hex'));
} else {
	const jobs = [1, 2, 3, 4].map(n => new Promise((ok, bad) => new Worker(__filename, { workerData: n }).on('message', ok).on('error', bad)));
	Promise.all(jobs).then(r => {
		console.log(r.join('\n'));
		const text = Buffer.from('ringtail '.repeat(50000));
		zlib.gzip(text, (e, z) => zlib.gunzip(z, (e, back) => {
			console.log(back.equals(text), execFileSync('echo', ['child']).toString().trim());
			crypto.pbkdf2('a', 'b', 20000, 32, 'sha256', (e, k) => console.log(k.toString('hex')));
		}));
	});
}
END
$watch node script.js
