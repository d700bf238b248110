import queue
import threading

work = queue.Queue(10)
done = []
lock = threading.Lock()


def worker():
    while (item := work.get()) is not None:
        with lock:
            done.append(item * item)


threads = [threading.Thread(target=worker) for _ in range(6)]
for thread in threads:
    thread.start()
for i in range(500):
    work.put(i)
for thread in threads:
    work.put(None)
for thread in threads:
    thread.join()
print(sum(done), len(done))
