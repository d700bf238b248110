// The short forms of functions' names: fails where one is not as it should be.
import assert from 'node:assert/strict'
import { lastName, objectName, shortName } from '../../tools/html/src/names.js'

const NAMES = {
  main: 'main',
  'void a::f<int, b<c>>(int) const': 'a::f<…>',
  'unsigned long grow<char>(char*)': 'grow<…>',
  'std::_Rb_tree<int, std::pair<int const, char>, std::less<int> >::_M_insert_<char>(int)': 'std::_Rb_tree<…>::_M_insert_<…>',
  'std::ostream& operator<< <std::char_traits<char> >(std::ostream&, char const*)': 'operator<< <…>',
  'bool std::operator==<char>(std::string const&, char const*)': 'std::operator==<…>',
  'operator<(A const&, B)': 'operator<',
  'a::operator->()': 'a::operator->',
  'Foo::operator()(int) const': 'Foo::operator()',
  'Foo::operator bool() const': 'Foo::operator bool',
  'operator new(unsigned long)': 'operator new',
  'operator new[](unsigned long, std::align_val_t)': 'operator new[]',
  '(anonymous namespace)::parse(int)': 'parse',
  'a::(anonymous namespace)::B::run()': 'a::B::run',
  'a::(anonymous namespace)': 'a::(anonymous namespace)',
  'run(int)::{lambda(int, char)#1}::operator()(int, char) const': 'run::{lambda#1}::operator()',
  'std::function<void (int)>::operator()(int) const': 'std::function<…>::operator()',
  'call(int (*)(char))': 'call',
  'non-virtual thunk to Window::event(Event*)': 'non-virtual thunk to Window::event',
  'parse(int) [clone .part.0]': 'parse [clone .part.0]',
  '<alloc::vec::Vec<T,A> as core::ops::drop::Drop>::drop': '<alloc::vec::Vec<…> as core::ops::drop::Drop>::drop',
  'core::ops::function::FnOnce::call_once{{vtable.shim}}': 'core::ops::function::FnOnce::call_once{{vtable.shim}}',
  'libz.so.1+0x1234': 'libz.so.1+0x1234',
}
for (const [name, short] of Object.entries(NAMES)) assert.equal(shortName(name), short)

const LAST = {
  worker: 'worker',
  'node::inspector::StartIoThreadMain': 'StartIoThreadMain',
  'node::Runner::Start::{lambda#1}::_FUN': 'Start::{lambda#1}',
  'app::serve<…>': 'serve<…>',
  '<app::Server as app::Run>::run': 'run',
  '{lambda#1}': '{lambda#1}',
  '': '',
}
assert.equal(objectName('node::inspector::(anonymous namespace)::io_semaphore'), 'io_semaphore')
assert.equal(objectName('+48 in a block from (anonymous namespace)::Bank::open'), '+48 in a block from Bank::open')
assert.equal(objectName('table+8'), 'table+8')
for (const [name, last] of Object.entries(LAST)) assert.equal(lastName(name), last)

// Names come from programs, and may be anything: what is left of them is never longer, and never nothing.
for (const name of ['', '<', '(', ')', 'operator', 'operator<', 'a<b', 'a(b', '<<>>', '>', 'x->y', '{', 'a{', '(anonymous namespace)', ' ', 'a b c(', '() as ()']) {
  const short = shortName(name)
  assert.ok(short.length <= name.length + 2, name)
}
