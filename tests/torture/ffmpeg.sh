# ffmpeg encodes, decodes and filters on several threads: the checksums of all frames.
$watch ffmpeg -v error -f lavfi -i testsrc=duration=2:size=320x240:rate=25 -f lavfi -i sine=frequency=440:duration=2 \
	-c:v mpeg4 -threads 2 -flags +bitexact -c:a flac -fflags +bitexact out.mkv && md5sum < out.mkv
ffmpeg -v error -threads 4 -i out.mkv -vf scale=160:120,hflip -f framemd5 - | md5sum
