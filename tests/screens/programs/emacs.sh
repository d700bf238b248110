# The editor compiles a file of Lisp, and sorts a buffer.
cat > work.el << 'END'
(require 'sort)
(dotimes (i 5)
  (with-temp-buffer
    (dotimes (n 2000) (insert (format "%d line %d\n" (% (* n 7919) 2003) n)))
    (sort-numeric-fields 1 (point-min) (point-max))
    (write-region (point-min) (point-max) "sorted")))
(byte-compile-file "own.el")
END
cat > own.el << 'END'
;;; own.el --- something to compile  -*- lexical-binding: t -*-
(defun own-sum (list) "The sum of LIST." (let ((sum 0)) (dolist (n list sum) (setq sum (+ sum n)))))
(provide 'own)
;;; own.el ends here
END
HOME="$PWD" exec $WATCHED emacs -Q --batch -l work.el
