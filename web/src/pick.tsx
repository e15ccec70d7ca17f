import { useEffect, useRef } from 'preact/hooks';

export function Pick({
  word,
  folder,
  take,
}: {
  word: string;
  folder?: boolean;
  take: (files: readonly File[]) => void;
}) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (folder && field.current) field.current.webkitdirectory = true;
  }, []);
  return (
    <>
      <input
        type="file"
        hidden
        multiple
        ref={field}
        aria-label={word}
        onChange={(event) => {
          take([...(event.currentTarget.files ?? [])]);
          event.currentTarget.value = '';
        }}
      />
      <button type="button" onClick={() => field.current?.click()}>
        {word}
      </button>
    </>
  );
}
