# java: a compiler, a garbage collector with threads of its own, handled faults, monitors.
cat > Prog.java <<'END'
import java.util.*; import java.util.concurrent.*;
public class Prog {
	static int[] none;
	public static void main(String[] a) throws Exception {
		ExecutorService pool = Executors.newFixedThreadPool(6);
		List<Future<Long>> sums = new ArrayList<>();
		for (int n = 0; n < 24; n++) { final int k = n; sums.add(pool.submit(() -> {
			Map<Integer, String> m = new TreeMap<>(); long s = 0;
			for (int i = 0; i < 30000; i++) { m.put((i * 7919 + k) % 10007, "v" + i); synchronized (Prog.class) { s += i; } }
			for (String v : m.values()) s += v.hashCode() % 1000;
			return s; })); }
		long total = 0; for (Future<Long> f : sums) total += f.get();
		pool.shutdown();
		try { System.out.println(none[1]); } catch (NullPointerException e) { System.out.println("caught"); }
		try { deep(0); } catch (StackOverflowError e) { System.out.println("deep"); }
		System.gc();
		System.out.println(total);
	}
	static int deep(int n) { return deep(n + 1) + 1; }
}
END
$watch java -Xmx256m -XX:+UseG1GC Prog.java
